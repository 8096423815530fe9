package scenario

// Results are what the scenarios found, one element a round.
type Results struct {
	Outages  map[string][]Outage // by fault
	Denials  []Denial
	Wrapped  []Wrapped
	Storms   []Storm
	Timeline *Timeline
}
