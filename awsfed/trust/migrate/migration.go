package migrate

import (
	"encoding/json"
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

// Migration is the result of [ToV3]. Its JSON has the names in the tags. Both and After are left
// out if [trust.Policy.MarshalJSON] fails for them, see there.
type Migration struct {
	// Before is the policy that was migrated.
	Before trust.Policy `json:"before"`
	// Both accepts V2 tokens as Before does, and the V3 tokens of the same principals.
	Both trust.Policy `json:"both"`
	// After accepts only V3 tokens, except where Problems keeps a V2 value. It has no statement,
	// and its JSON is left out, if no statement could be migrated.
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

// MarshalJSON returns the migration as JSON, without the new policies that IAM would reject: those
// without a statement, and those with more than [trust.MaxSize] characters.
func (m Migration) MarshalJSON() ([]byte, error) {
	type fields Migration // without this method
	return json.Marshal(struct {
		Before trust.Policy  `json:"before"`
		Both   *trust.Policy `json:"both,omitempty"`
		After  *trust.Policy `json:"after,omitempty"`
		fields
	}{m.Before, writable(m.Both), writable(m.After), fields(m)})
}

// writable returns p, or nil if p has no JSON.
func writable(p trust.Policy) *trust.Policy {
	if _, err := p.MarshalJSON(); err != nil {
		return nil
	}
	return &p
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
	// Wider lists the nearest values. They match more principals than V2, but only principals of
	// the organization that V2 names. If V2 names none, as "org:*/prj:...", they match every
	// organization of Ona: do not allow them.
	Wider []string `json:"wider,omitempty"`
	// Applied reports whether Wider is in Both and After. That is so only if the value excludes
	// principals: the policy then never allows a principal that it denied before.
	Applied bool `json:"applied,omitempty"`
}
