package scenario

// Config is the content of a scenario file.
type Config struct {
	Task       string  `yaml:"task" doc:"what to do; hinge list tasks"`
	Seed       uint64  `yaml:"seed" doc:"of start, goal, noise and planner"`
	MaxSteps   int     `yaml:"max_steps" range:"[1,10000]" doc:"actions after which an episode has failed"`
	Noise      float64 `yaml:"noise" range:"[0,inf)" doc:"standard deviation of every measured coordinate, in its unit"`
	Model      string  `yaml:"model" doc:"of exact planners: a file near this one, or a reference model"`
	DenseModel string  `yaml:"dense_model" doc:"of sampling planners"`
	Planner    Planner `yaml:"planner" doc:"how to choose actions"`
	Robot      Robot   `yaml:"robot" optional:"true" doc:"a task of your own: bring the state of model to a goal"`
}

// Robot is the robot section: a task without a simulator. The plant is the model
// itself, so what is run shows what the model believes.
type Robot struct {
	Start     []float64 `yaml:"start" doc:"state to start from"`
	Goal      []float64 `yaml:"goal" doc:"state to bring it to"`
	Weights   []float64 `yaml:"weights" doc:"cost of a unit of every state, 1 each if empty"`
	Lower     []float64 `yaml:"lower" doc:"smallest action"`
	Upper     []float64 `yaml:"upper" doc:"largest action"`
	Effort    float64   `yaml:"effort" range:"[0,inf)" doc:"cost of a unit of every action"`
	Tolerance float64   `yaml:"tolerance" range:"[0,inf)" doc:"weighted error that is success"`
}

// given reports whether the section was.
func (r *Robot) given() bool { return r.Start != nil || r.Goal != nil }

// Planner is the planner section: first what all planners share, then what only
// some of them read.
type Planner struct {
	Name    string  `yaml:"name" doc:"hinge list planners"`
	Horizon int     `yaml:"horizon" range:"[1,1000]" doc:"steps it looks ahead"`
	Time    float64 `yaml:"time" range:"[0,86400]" doc:"deadline of a plan in seconds, 0 for none"`
	Workers int     `yaml:"workers" range:"[0,1024]" doc:"goroutines, 0 for one per CPU"`

	Gap    float64 `yaml:"gap" range:"[0,1]" doc:"relative gap that is good enough, 0 for never"`
	AbsGap float64 `yaml:"abs_gap" range:"[0,inf)" doc:"absolute gap that is, in the unit of the cost, 0 for never"`
	Nodes  int     `yaml:"nodes" range:"[0,inf)" doc:"bnb, highs, cbc: most nodes, 0 for no limit"`

	Samples     int     `yaml:"samples" range:"[0,inf)" doc:"samplers: per iteration, 0 for the planner's default"`
	Iterations  int     `yaml:"iterations" range:"[-1,inf)" doc:"samplers: 0 for the default, -1 until the deadline"`
	Std         float64 `yaml:"std" range:"[0,10]" doc:"cem, cma, mppi, ps: of the first samples, in half boxes, 0 for the default"`
	Correlation float64 `yaml:"correlation" range:"[0,1)" doc:"cem, cma, mppi, ps: of the noise in time, 0 for the default"`
	Elites      int     `yaml:"elites" range:"[0,inf)" doc:"cem: samples a distribution is fitted to, 0 for the default"`
	Temperature float64 `yaml:"temperature" range:"[0,inf)" doc:"mppi: of the weights, 0 for the default"`
}

// Defaults of what a file does not say. Those of a task (max_steps, the models'
// names) are filled in once the task is known.
func defaults() Config {
	return Config{
		Seed:    1,
		Planner: Planner{Name: "bnb", Horizon: 3, Time: 1, Gap: 0.01, AbsGap: 0.001},
	}
}
