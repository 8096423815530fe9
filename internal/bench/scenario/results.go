package scenario

// Results are the results of the scenarios, one element for each round.
type Results struct {
	Outages  map[string][]Outage // by fault
	Expiries map[string][]Expiry // by fault
	Denials  []Denial
	DeadKeys []DeadKey
	Wrapped  []Wrapped
	Storms   []Storm
	Timeline *Timeline
	Chains   []Chain
}
