package trust

import (
	"maps"
	"slices"

	"github.com/onafed/onafed/internal/arn"
	"github.com/onafed/onafed/internal/condition"
	"github.com/onafed/onafed/internal/provider"
	"github.com/onafed/onafed/internal/quote"
)

// Evaluate decides whether AWS STS allows the request r to assume a role with the trust policy p.
//
// It follows the rules that AWS documents: a Deny that applies wins, otherwise an Allow must apply;
// all conditions of a statement must hold; the values of a condition are alternatives, and under a
// negated operator none of them may match; a key that the request does not have makes positive
// operators fail and negated operators hold. A token with session tags or a source identity also
// needs sts:TagSession or sts:SetSourceIdentity.
//
// If the result depends on a rule that AWS does not document, or on a value that only AWS knows,
// the outcome is [Undetermined], which does not allow. [Decision.Explain] returns the reasons for
// an outcome.
//
// A trust policy is only a part of what AWS evaluates: see [Explanation.NotConsidered].
func (p Policy) Evaluate(r Request) Decision {
	e := &evaluation{policy: p, request: r}
	d := Decision{Outcome: e.decide(), evaluation: e}
	if d.Outcome == Undetermined {
		d.Outcome = e.settle()
	}
	return d
}

// evaluation is a policy and a request, with the answers that are assumed to open questions.
type evaluation struct {
	policy  Policy
	request Request
	assumed map[condition.Question]bool
	open    map[condition.Question]struct{} // questions that made a difference and have no answer
}

// decide returns the outcome under the assumed answers.
func (e *evaluation) decide() Outcome {
	if e.request.Refused != "" {
		return Denied
	}
	t := condition.True
	for _, action := range e.request.actions() {
		t = min(t, e.allows(action))
	}
	return outcome(t)
}

func outcome(allowed condition.Truth) Outcome {
	switch allowed {
	case condition.True:
		return Allowed
	case condition.False:
		return Denied
	default:
		return Undetermined
	}
}

// allows reports whether the policy allows an action.
func (e *evaluation) allows(action string) condition.Truth {
	allow, deny := condition.False, condition.False
	for _, s := range e.policy.Statements {
		switch s.Effect {
		case Allow:
			allow = max(allow, e.applies(s, action))
		case Deny:
			deny = max(deny, e.applies(s, action))
		}
	}
	return min(allow, -deny)
}

// applies reports whether a statement covers the action, and its principal and all conditions match.
// It stops at the first part that does not match, because then the other parts cannot change the
// result.
func (e *evaluation) applies(s Statement, action string) condition.Truth {
	if !s.CoversAction(action) {
		return condition.False
	}
	t := e.principal(s.Principal)
	for _, c := range s.Conditions {
		if t == condition.False {
			break
		}
		t = min(t, e.condition(c))
	}
	return t
}

// condition reports whether a condition holds.
func (e *evaluation) condition(c Condition) condition.Truth {
	return e.context().Evaluate(c.Operator, c.Key, c.Values)
}

func (e *evaluation) context() condition.Context {
	return condition.Context{Version: e.policy.Version, Lookup: e.request.lookup, Ask: e.ask}
}

// principal reports whether a statement's principal includes the identity provider or the caller of
// the request.
func (e *evaluation) principal(p Principal) condition.Truth {
	r := e.relation(p)
	if r.open.Rule == 0 {
		return condition.Of(r.included)
	}
	return e.ask(r.open, condition.True, condition.False)
}

// relation is the relation of a statement's principal to a request.
type relation struct {
	included bool               // the principal includes the provider or the caller of the request
	open     condition.Question // decides instead of included, unless it is zero
	why      string             // the reason, for explanations
}

// relation returns the relation of p to the request.
func (e *evaluation) relation(p Principal) relation {
	if e.request.caller != nil {
		return e.request.caller.relation(p)
	}
	want := e.request.ProviderARN
	i := slices.IndexFunc(p.Federated, e.namesIssuer)
	switch {
	case p.Any || slices.Contains(p.AWS, "*"):
		return relation{included: true, why: "the principal is everybody"}
	case want != "" && slices.Contains(p.Federated, want):
		return relation{included: true, why: "the principal is this identity provider"}
	case want == "" && i >= 0:
		a, _ := arn.Parse(p.Federated[i])
		return relation{
			open: condition.Question{Rule: condition.ProviderAccount, About: p.Federated[i]},
			why:  "the principal is the provider of this issuer in account " + quote.Name(a.Account) + "; the account of the role is not known" + e.request.because(),
		}
	case slices.Contains(p.Federated, "*"):
		return relation{
			open: condition.Question{Rule: condition.AnyProvider},
			why:  `AWS does not document the federated principal "*"`,
		}
	case len(p.Federated) == 0:
		return relation{why: "the statement names no identity provider, and a web identity has no other principal"}
	default:
		return relation{why: "the statement names another identity provider"}
	}
}

// because returns the reason why the identity provider of the request is not known, as the rest of
// a sentence, or "".
func (r Request) because() string {
	if r.noProvider == "" || r.ProviderARN != "" {
		return ""
	}
	return ": " + r.noProvider
}

// namesIssuer reports whether a federated principal is a provider of the request's issuer, in any
// account.
func (e *evaluation) namesIssuer(federated string) bool {
	host, ok := provider.Host(federated)
	return ok && host != "" && host == provider.IssuerHost(e.request.Issuer)
}

// ask returns yes or no, depending on the assumed answer to the question. Without an assumed answer
// it records the question as open and returns Unknown. If yes equals no, the answer does not
// matter.
func (e *evaluation) ask(q condition.Question, yes, no condition.Truth) condition.Truth {
	if yes == no {
		return yes
	}
	if answer, ok := e.assumed[q]; ok {
		if answer {
			return yes
		}
		return no
	}
	e.addOpen(q)
	return condition.Unknown
}

func (e *evaluation) addOpen(q condition.Question) {
	if e.open == nil {
		e.open = map[condition.Question]struct{}{}
	}
	e.open[q] = struct{}{}
}

// assuming returns an evaluation of the same policy and request with other assumed answers.
func (e *evaluation) assuming(answers map[condition.Question]bool) *evaluation {
	return &evaluation{policy: e.policy, request: e.request, assumed: answers}
}

// openQuestions returns the open questions in a fixed order.
func (e *evaluation) openQuestions() []condition.Question {
	return slices.SortedFunc(maps.Keys(e.open), condition.Question.Compare)
}

// maxSettled is the largest number of open questions for which settle tries all combinations of
// answers.
const maxSettled = 8

// settle returns the outcome if it is the same for all answers to the open questions, and
// Undetermined otherwise. A statement that allows and one that denies may depend on the same
// answer. The logic of [condition.Truth] does not take this into account.
func (e *evaluation) settle() Outcome {
	questions := e.openQuestions()
	if len(questions) > maxSettled {
		return Undetermined
	}
	var settled Outcome
	for bits := range 1 << len(questions) {
		answers := map[condition.Question]bool{}
		for i, q := range questions {
			answers[q] = bits&(1<<i) != 0
		}
		o := e.assuming(answers).decide()
		if o == Undetermined || settled != "" && o != settled {
			return Undetermined
		}
		settled = o
	}
	return settled
}
