package scenario

// Results are the results of the scenarios, one element for each round.
type Results struct {
	Outages  map[string][]Outage // by fault
	Denials  []Denial
	Wrapped  []Wrapped
	Storms   []Storm
	Timeline *Timeline
}
