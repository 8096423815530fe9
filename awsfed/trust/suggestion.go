package trust

import (
	"slices"
	"strings"

	"github.com/onafed/onafed/internal/condition"
	"github.com/onafed/onafed/internal/provider"
	"github.com/onafed/onafed/internal/quote"
)

// Suggestion is a change of a policy with which it would allow a request that it denies. It changes
// one statement that allows, and contains the fewest changes that were found. A person must judge
// it: whether the request should be allowed cannot be known from the policy.
//
// There is no suggestion in three cases: a statement denies the request, the change would have to
// remove a condition, or the change would contain personal data and [Request.ShowValues] is not
// set.
type Suggestion struct {
	// Statement is the index of the statement, from 0.
	Statement int `json:"statement"`
	// Changes holds the changes of the statement, in its order.
	Changes []Change `json:"changes"`
	// Policy is the changed policy. It allows the request.
	Policy Policy `json:"policy"`
}

// Change is one change of a [Suggestion].
type Change struct {
	// Element is the changed element: "Principal", "Action" or "Condition".
	Element string `json:"element"`
	// Operator and Key identify the condition, as it is in the policy.
	Operator string `json:"operator,omitempty"`
	Key      string `json:"key,omitempty"`
	// Value is the text that is added. It replaces the operator or the key if Replaces is
	// "operator" or "key".
	Value    string `json:"value"`
	Replaces string `json:"replaces,omitempty"`
	// Message is a sentence for a person. Text in it is quoted and cut.
	Message string `json:"message"`
}

// suggest returns the smallest change with which the policy allows the request, or nil.
func (e *evaluation) suggest(x Explanation) *Suggestion {
	if x.Outcome != Denied || e.request.Refused != "" {
		return nil
	}
	var best *Suggestion
	for _, s := range x.Statements {
		if s.Effect == Deny && s.Result != NotMatched {
			return nil
		}
		if s.Effect != Allow {
			continue
		}
		c := changer{e: e, policy: e.policy.Clone(), statement: s.Index}
		if !c.change(s) || best != nil && len(best.Changes) <= len(c.changes) {
			continue
		}
		changed := &evaluation{policy: c.policy, request: e.request}
		if changed.decide() == Allowed {
			best = &Suggestion{Statement: s.Index, Changes: c.changes, Policy: c.policy}
		}
	}
	return best
}

// changer changes one statement of a policy.
type changer struct {
	e         *evaluation
	policy    Policy
	statement int
	changes   []Change
}

// change makes every part of the statement match. It reports whether that is possible.
func (c *changer) change(s StatementResult) bool {
	st := &c.policy.Statements[c.statement]
	if s.Principal.Result != Matched {
		p := c.e.request.ProviderARN
		if p == "" {
			return false
		}
		st.Principal.Federated = append(st.Principal.Federated, p)
		c.changes = append(c.changes, Change{Element: "Principal", Value: p, Message: "add the provider " + quote.Value(p) + " to the principal"})
	}
	for _, a := range s.Actions {
		switch {
		case a.Result == Matched:
		case len(st.NotActions) > 0:
			return false
		default:
			st.Actions = append(st.Actions, a.Action)
			c.changes = append(c.changes, Change{Element: "Action", Value: a.Action, Message: "add the action " + quote.Word(a.Action)})
		}
	}
	for i, r := range s.Conditions {
		if r.Result != Matched && !c.changeCondition(&st.Conditions[i], r) {
			return false
		}
	}
	return true
}

// changeCondition makes a condition match, with another operator, another key or one more value. It
// reports whether that is possible.
func (c *changer) changeCondition(d *Condition, r ConditionResult) bool {
	op, ok := condition.ParseOperator(d.Operator)
	if !ok || op.Negated || !op.ComparesText() {
		return false
	}
	change := Change{Element: "Condition", Operator: d.Operator, Key: d.Key}
	name := quote.Word(d.Operator) + " on " + quote.Word(d.Key)
	if !r.Present {
		key, ok := c.ownKey(d.Key)
		if !ok || c.has(d.Operator, key) {
			return false
		}
		d.Key = key
		change.Value, change.Replaces, change.Message = key, "key", "in "+name+" use the key "+quote.Word(key)
		c.changes = append(c.changes, change)
		return c.e.context().Evaluate(d.Operator, d.Key, d.Values) == condition.True
	}
	if like := op.Like().String(); !c.has(like, d.Key) && c.e.context().Evaluate(like, d.Key, d.Values) == condition.True {
		d.Operator = like
		change.Value, change.Replaces, change.Message = like, "operator", "in "+name+" use the operator "+quote.Word(like)
		c.changes = append(c.changes, change)
		return true
	}
	values, _ := c.e.request.lookup(d.Key)
	for _, v := range values {
		if strings.ContainsAny(v, "*?$") || c.e.request.shown(d.Key, v) != v {
			return false // the value would become a pattern, or is personal data
		}
		if slices.Contains(d.Values, v) {
			continue
		}
		d.Values = append(d.Values, v)
		change.Value, change.Message = v, "add the value "+quote.Value(v)+" to "+name
		c.changes = append(c.changes, change)
	}
	return len(values) > 0
}

// has reports whether the statement has a condition with the operator and the key.
func (c *changer) has(operator, key string) bool {
	return slices.ContainsFunc(c.policy.Statements[c.statement].Conditions, func(d Condition) bool {
		return d.Operator == operator && strings.EqualFold(d.Key, key)
	})
}

// ownKey returns the key of the request's issuer that was probably intended by a misspelled key.
func (c *changer) ownKey(key string) (string, bool) {
	host := provider.IssuerHost(c.e.request.Issuer)
	i := strings.LastIndexByte(key, ':')
	if i < 0 || !provider.SimilarHosts(key[:i], host) && !strings.EqualFold(key[:i], webHost) {
		return "", false
	}
	own := host + key[i:]
	_, state := c.e.request.lookup(own)
	return own, state == condition.KeyPresent && !strings.EqualFold(own, key)
}
