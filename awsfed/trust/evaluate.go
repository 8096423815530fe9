package trust

import (
	"maps"
	"slices"
	"strings"
)

// The actions that a role trust policy decides about for web identity.
const (
	actionAssume            = "sts:AssumeRoleWithWebIdentity"
	actionTagSession        = "sts:TagSession"
	actionSetSourceIdentity = "sts:SetSourceIdentity"
)

// Evaluate says whether AWS STS would let the request r assume a role whose
// trust policy is p, and why.
//
// It follows AWS's documented rules: a Deny that applies wins, otherwise an
// Allow has to apply; all conditions of a statement have to hold; the values of
// one condition are alternatives, for a negated operator none of them may
// match; and a key that the request does not have makes positive operators
// fail and negated ones hold. A token that carries session tags or a source
// identity needs sts:TagSession or sts:SetSourceIdentity allowed as well.
//
// Where AWS does not say what it does, or a value that only AWS sees decides,
// and where that makes a difference, the outcome is [Undetermined] and
// [Decision.Readings] holds what each answer would lead to. Undetermined is
// never a yes.
//
// A role's trust policy is not all that AWS looks at: see
// [Decision.NotConsidered].
func (p Policy) Evaluate(r Request) Decision {
	e, d := p.decide(r, true)
	if d.Outcome == Undetermined {
		d.Readings = e.outcomes()
	}
	d.NotConsidered = notConsidered(r)
	d.Reason = reason(r, d)
	return d
}

// decide evaluates p and settles what can be settled, without putting it into
// words unless it is to explain.
func (p Policy) decide(r Request, explain bool) (*evaluation, Decision) {
	e := &evaluation{policy: p, request: r, version: p.Version, seen: map[doubt]struct{}{}}
	d := e.decide(explain)
	if d.Outcome == Undetermined {
		d.Outcome = e.settle()
	}
	return e, d
}

// An evaluation is one run of a policy against a request.
type evaluation struct {
	policy  Policy
	request Request
	version string

	answers map[doubt]bool     // doubts that this run takes as settled
	seen    map[doubt]struct{} // doubts that made a difference; nil: not collected
}

// decide evaluates the whole policy. With explain it also says why.
func (e *evaluation) decide(explain bool) Decision {
	d := Decision{
		RoleARN: e.request.RoleARN, ProviderARN: e.request.ProviderARN, Issuer: e.request.Issuer,
		Statements: []StatementResult{}, // a list in JSON also when it is empty
	}
	for i, st := range e.policy.Statements {
		d.Statements = append(d.Statements, e.statement(i, st, explain))
	}
	d.Outcome = Allowed
	for _, action := range e.request.actions() {
		a := decideAction(action, d.Statements)
		d.Actions = append(d.Actions, a)
		switch a.Outcome {
		case Denied:
			d.Outcome = Denied
		case Undetermined:
			if d.Outcome == Allowed {
				d.Outcome = Undetermined
			}
		case Allowed:
		}
	}
	if e.request.Refused != "" {
		d.Outcome = Denied
	}
	return d
}

// decideAction combines the statements' results for one action: a Deny that
// applies wins, otherwise an Allow has to apply.
func decideAction(action string, statements []StatementResult) ActionResult {
	deny, allow := NotMatched, NotMatched
	a := ActionResult{Action: action}
	var denies, allows []int
	for _, s := range statements {
		m := s.matchFor(action)
		if m == NotMatched {
			continue
		}
		switch s.Effect {
		case Deny:
			deny = deny.or(m)
			denies = append(denies, s.Index)
		case Allow:
			allow = allow.or(m)
			allows = append(allows, s.Index)
		}
	}
	switch {
	case deny == Matched:
		a.Outcome, a.Statements = Denied, denies
	case allow == NotMatched:
		a.Outcome = Denied
	case deny == NotMatched && allow == Matched:
		a.Outcome, a.Statements = Allowed, allows
	default:
		a.Outcome, a.Statements = Undetermined, slices.Sorted(slices.Values(append(denies, allows...)))
	}
	return a
}

// statement evaluates one statement for every action of the request.
func (e *evaluation) statement(index int, st Statement, explain bool) StatementResult {
	s := StatementResult{Index: index, Sid: st.Sid, Effect: st.Effect}
	s.Principal = e.principal(st.Principal, explain)
	common := s.Principal.Result
	for _, c := range st.Conditions {
		cr := e.conditionResult(c, explain)
		common = common.and(cr.Result)
		s.Conditions = append(s.Conditions, cr)
	}
	s.Result = NotMatched
	for _, action := range e.request.actions() {
		covers := matchIf(coversAction(st, action))
		s.Actions = append(s.Actions, ActionMatch{Action: action, Result: covers})
		s.Result = s.Result.or(covers.and(common))
	}
	return s
}

// principal tells whether the statement speaks of the request's identity
// provider.
func (e *evaluation) principal(p Principal, explain bool) PrincipalResult {
	res := PrincipalResult{Result: NotMatched, Needed: principalNames(p), Got: e.request.ProviderARN}
	everybody := p.Any || slices.Contains(p.AWS, "*")
	switch {
	case everybody:
		res.Result, res.Why = Matched, "the principal is everybody"
	case e.request.ProviderARN != "" && slices.Contains(p.Federated, e.request.ProviderARN):
		res.Result, res.Why = Matched, "the principal is this identity provider"
	case e.request.ProviderARN == "" && e.providerOfIssuer(p) != "":
		arn := e.providerOfIssuer(p)
		res.Result = e.ask(doubt{rule: providerAccount, about: arn}, Matched, NotMatched)
		res.Why = "the principal is this issuer's provider in account " + quoteName(splitARN(arn).account) + "; the role's account is not known"
	case slices.Contains(p.Federated, "*"):
		res.Result = e.ask(doubt{rule: anyProvider}, Matched, NotMatched)
		res.Why = `what the federated principal "*" means is not documented`
	case len(p.Federated) == 0:
		res.Why = "the statement speaks of no identity provider, and a web identity has no other principal"
	default:
		res.Why = "the statement speaks of another identity provider"
	}
	if explain && res.Result != Matched {
		res.NearMisses = e.principalNearMisses(p)
	}
	return res
}

// providerOfIssuer is the first federated principal of p that stands for the
// request's issuer in any account.
func (e *evaluation) providerOfIssuer(p Principal) string {
	host := issuerHost(e.request.Issuer)
	for _, arn := range p.Federated {
		if h, ok := providerHost(arn); ok && host != "" && h == host {
			return arn
		}
	}
	return ""
}

// assuming is a copy of e that takes one doubt as settled.
func (e *evaluation) assuming(d doubt, answer bool) *evaluation {
	c := e.quiet()
	c.answers = maps.Clone(e.answers)
	if c.answers == nil {
		c.answers = map[doubt]bool{}
	}
	c.answers[d] = answer
	return c
}

// quiet is a copy of e that collects no doubts.
func (e *evaluation) quiet() *evaluation {
	c := *e
	c.seen = nil
	return &c
}

// maxSettled bounds the open questions whose answers settle combines.
const maxSettled = 8

// settle is the outcome if it is the same whatever the answers to the open
// questions are, which statement by statement cannot be seen: one that allows
// and one that denies may depend on the same answer.
func (e *evaluation) settle() Outcome {
	doubts := sortedDoubts(e.seen)
	if len(doubts) > maxSettled {
		return Undetermined
	}
	var outcome Outcome
	for answers := range 1 << len(doubts) {
		c := e.quiet()
		c.answers = map[doubt]bool{}
		for i, d := range doubts {
			c.answers[d] = answers&(1<<i) != 0
		}
		o := c.decide(false).Outcome
		if o == Undetermined || outcome != "" && o != outcome {
			return Undetermined
		}
		outcome = o
	}
	return outcome
}

// outcomes gives, for each open question, the outcome under either answer.
// Questions that make no difference by themselves are left out as long as one
// is left that does.
func (e *evaluation) outcomes() []OutcomeReading {
	var all, telling []OutcomeReading
	for _, d := range sortedDoubts(e.seen) {
		yes, no := d.statement()
		pair := []OutcomeReading{
			{Assumption: yes, Outcome: e.assuming(d, true).decide(false).Outcome},
			{Assumption: no, Outcome: e.assuming(d, false).decide(false).Outcome},
		}
		all = append(all, pair...)
		if pair[0].Outcome != pair[1].Outcome {
			telling = append(telling, pair...)
		}
	}
	if len(telling) > 0 {
		return telling
	}
	return all
}

func sortedDoubts(seen map[doubt]struct{}) []doubt {
	return slices.SortedFunc(maps.Keys(seen), func(a, b doubt) int {
		if a.rule != b.rule {
			return int(a.rule) - int(b.rule)
		}
		return strings.Compare(a.about, b.about)
	})
}

func coversAction(s Statement, action string) bool { return s.CoversAction(action) }
