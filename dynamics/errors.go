package dynamics

// Stats summarises the prediction errors of many rows. The error of a row is the
// mean over its points of the distance between prediction and record, in the
// unit of the state; without points every coordinate is one.
type Stats struct {
	Rows   int     `json:"rows"`
	RMS    float64 `json:"rms"`    // over all points of all rows
	Mean   float64 `json:"mean"`   // over rows
	Median float64 `json:"median"` // over rows
	P95    float64 `json:"p95"`    // over rows
}

// Errors is how well a model predicts recorded episodes. Moved counts only rows
// whose recorded step changes the state: where nothing is touched, nothing
// moves, and such rows make a contact model look better than it is.
type Errors struct {
	Unit    string `json:"unit,omitempty"`
	Horizon int    `json:"horizon"`

	OneStep      Stats `json:"one_step"`
	OneStepMoved Stats `json:"one_step_moved"`
	// HStep is the error after Horizon steps on the model's own predictions.
	HStep      Stats `json:"h_step"`
	HStepMoved Stats `json:"h_step_moved"`
	// Still is the error of predicting one step without motion, on moved rows.
	Still Stats `json:"still"`
}
