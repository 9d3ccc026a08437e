// Package strictyaml reads YAML into structs and refuses everything it does not
// understand.
//
// A misspelt key that is silently ignored costs its author an afternoon: the run
// used a default and looked fine. So an unknown key, a wrong type and a value out
// of range are errors that say where (file, line, column), what (the dotted key
// and its value) and what would be right (the range, or the nearest valid name):
//
//	push.yaml:7:3: planner.horizn: unknown key; did you mean "horizon"? valid keys are ..
//
// A struct describes its own rules in tags:
//
//	Horizon int `yaml:"horizon" range:"[1,1000]" doc:"steps the planner looks ahead"`
//
// Keys absent from the file keep the value the struct had, which is how defaults
// are given; [Encode] writes all of them back, with doc as a comment, but for
// sections tagged optional:"true" of which nothing was given. Anchors,
// tags and merge keys are refused: a configuration is read by people first.
//
// Read first: [Decode], [Source], [Encode].
package strictyaml
