package migrate

import (
	"slices"

	"github.com/onafed/onafed/awsfed/trust"
	"github.com/onafed/onafed/claims"
)

// Options hold the settings that [ToV3] needs and a policy does not contain.
type Options struct {
	// Layout is the extra fields of the organization's V3 subjects, in order. The zero Layout has
	// none, which is Ona's default.
	Layout claims.Layout
}

// Migration is the result of [ToV3].
type Migration struct {
	// Before is the policy that was migrated.
	Before trust.Policy `json:"before"`
	// Both accepts V2 tokens as Before does, and the V3 tokens of the same principals.
	Both trust.Policy `json:"both"`
	// After accepts only V3 tokens, except where Problems keeps a V2 value.
	After trust.Policy `json:"after"`
	// Changes lists the values for V2 subjects and their V3 values.
	Changes []Change `json:"changes"`
	// Problems lists the values that cannot be migrated exactly.
	Problems []Problem `json:"problems,omitempty"`
	// Notes lists other effects: what CloudTrail no longer shows, and which principals a V3 pattern
	// also matches.
	Notes []string `json:"notes,omitempty"`
	// Samples shows what each step allows to generated principals.
	Samples []Sample `json:"samples"`
}

// Exact reports whether every value was migrated and no sample differs.
func (m Migration) Exact() bool {
	return len(m.Problems) == 0 && !slices.ContainsFunc(m.Samples, Sample.Differs)
}

// Change is a value for V2 subjects and the values for V3 subjects that match the same principals.
type Change struct {
	Statement int      `json:"statement"` // index, starting with 0
	Operator  string   `json:"operator"`
	V2        string   `json:"v2"`
	V3        []string `json:"v3"`
}

// Problem is a value for V2 subjects that has no exact counterpart.
type Problem struct {
	Statement int    `json:"statement"` // index, starting with 0
	Operator  string `json:"operator"`
	V2        string `json:"v2"` // empty for a problem of the whole condition
	// Why is the reason.
	Why string `json:"why"`
	// Configure lists the extra subject fields that make an exact migration possible, in the order
	// that the organization should configure.
	Configure []string `json:"configure,omitempty"`
	// Wider lists the nearest values. They match more principals than V2.
	Wider []string `json:"wider,omitempty"`
	// Applied reports whether Wider is in Both and After. That is so only if the value excludes
	// principals: the policy then never allows a principal that it denied before.
	Applied bool `json:"applied,omitempty"`
}
