package trust

import (
	"fmt"
	"slices"
	"strings"

	"github.com/onafed/onafed/internal/condition"
	"github.com/onafed/onafed/internal/quote"
)

// reason states an explained decision in one sentence.
func reason(r Request, x Explanation) string {
	if r.Refused != "" {
		return "STS rejects the " + r.kind() + " before it evaluates the policy: " + r.Refused
	}
	open := ""
	for _, a := range x.Actions {
		switch a.Outcome {
		case Denied:
			return reasonDenied(a, x.Statements)
		case Undetermined:
			open = quote.Word(a.Action)
		case Allowed:
		}
	}
	switch {
	case open == "":
		a := x.Actions[0]
		return statementNames(a.Statements, x.Statements) + " " + plural(len(a.Statements), "allows", "allow") + " " + quote.Word(a.Action)
	case x.Outcome != Undetermined:
		return "AWS does not document a rule, and every assumption about it leads to the same outcome for " + open
	case r.because() != "" && slices.ContainsFunc(x.Statements, func(s StatementResult) bool { return s.Principal.Result == Unknown }):
		return "whether " + open + " is allowed depends on the account of the role, which is not known" + r.because()
	default:
		return "whether " + open + " is allowed depends on a rule that AWS does not document or on a value that only AWS knows, such as whether " + x.Alternatives[0].Assumption
	}
}

func reasonDenied(a ActionResult, statements []StatementResult) string {
	if len(a.Statements) > 0 {
		return statementNames(a.Statements, statements) + " " + plural(len(a.Statements), "denies", "deny") + " " + quote.Word(a.Action)
	}
	s := "no statement allows " + quote.Word(a.Action)
	switch a.Action {
	case condition.TagSession:
		s += ", which session tags need"
	case condition.SetSourceIdentity:
		s += ", which a source identity needs"
	}
	if near, ok := nearest(a.Action, statements); ok {
		s += "; nearest is " + statementNames([]int{near.Index}, statements) + ", where " + near.firstFailure(a.Action)
	}
	return s
}

func plural(n int, one, many string) string {
	if n == 1 {
		return one
	}
	return many
}

func statementNames(indexes []int, statements []StatementResult) string {
	names := make([]string, 0, len(indexes))
	for _, i := range indexes {
		name := fmt.Sprint(i + 1)
		if sid := statements[i].Sid; sid != "" {
			name += " (" + quote.Name(sid) + ")"
		}
		names = append(names, name)
	}
	return plural(len(names), "statement ", "statements ") + strings.Join(names, ", ")
}

// nearest returns the Allow statement with the fewest parts that do not match.
func nearest(action string, statements []StatementResult) (best StatementResult, found bool) {
	fewest := 0
	for _, s := range statements {
		if n := s.failures(action); s.Effect == Allow && (!found || n < fewest) {
			best, found, fewest = s, true, n
		}
	}
	return best, found
}

// failures counts the parts that do not match. A statement with another principal or action has
// another purpose, so these count more than any number of conditions.
func (s StatementResult) failures(action string) int {
	n := 0
	if s.Principal.Result == NotMatched {
		n += 100
	}
	for _, a := range s.Actions {
		if a.Action == action && a.Result == NotMatched {
			n += 100
		}
	}
	for _, c := range s.Conditions {
		if c.Result == NotMatched {
			n++
		}
	}
	return n
}

// firstFailure states the first part of the statement that does not match.
func (s StatementResult) firstFailure(action string) string {
	hint := func(misses []NearMiss, why string) string {
		if len(misses) > 0 {
			return misses[0].Message
		}
		return why
	}
	for _, a := range s.Actions {
		if a.Action == action && a.Result == NotMatched {
			return hint(a.NearMisses, "the action is not "+quote.Word(action))
		}
	}
	if s.Principal.Result == NotMatched {
		return "the principal does not match: " + hint(s.Principal.NearMisses, s.Principal.Why)
	}
	for _, c := range s.Conditions {
		if c.Result == NotMatched {
			return c.Operator + " on " + quote.Word(c.Key) + " does not hold: " + hint(c.NearMisses, c.Why)
		}
	}
	return "every part may match"
}

// whyCondition states how the result of a condition came about. values is the number of values
// of the request.
func whyCondition(c Condition, m Match, state condition.KeyState, values int) string {
	op, ok := condition.ParseOperator(c.Operator)
	switch {
	case !ok:
		return "IAM has no operator with this name"
	case op.Family == condition.Null:
		return whyNull(state)
	case state == condition.KeyUnknown:
		return "the request has this key, but its value is not known here"
	case state == condition.KeyMissing:
		return "the request does not have the key; " + whyMissing(op, m)
	case m == Unknown:
		return "AWS does not document the result"
	case op.Negated && m == Matched:
		return "no value matches, as a negated operator requires"
	case op.Negated:
		return "a value matches, and a negated operator requires that none does"
	case m == Matched && values > 1:
		return "values match as the operator requires"
	case m == Matched:
		return "a value matches"
	default:
		return "no value matches"
	}
}

func whyNull(state condition.KeyState) string {
	return map[condition.KeyState]string{
		condition.KeyPresent: "the request has the key",
		condition.KeyMissing: "the request does not have the key",
		condition.KeyUnknown: "whether the request has this key is not known here",
	}[state]
}

func whyMissing(op condition.Operator, m Match) string {
	switch {
	case m == Unknown:
		return "the AWS pages disagree about the result of this operator"
	case op.Qualifier == condition.ForAnyValue:
		return "ForAnyValue then fails"
	case op.Qualifier == condition.ForAllValues:
		return "ForAllValues then holds"
	case op.IfExists:
		return "IfExists then holds"
	case op.Negated:
		return "a negated operator then holds"
	default:
		return "the operator then fails"
	}
}

// notConsidered lists what AWS evaluates besides the trust policy.
func notConsidered(r Request) []string {
	if r.caller != nil {
		return []string{
			"the permission policies of the caller: they must allow sts:AssumeRole (and sts:TagSession, sts:SetSourceIdentity) if the caller is in another account, or if the trust policy names only its account",
			"the session policies and the permissions boundary of the caller, and service and resource control policies (SCPs, RCPs) of the organizations",
			"the role itself: that it exists, and its maximum session duration; a session of a chain lasts at most one hour",
			"changes that IAM has not propagated yet",
		}
	}
	return append(append([]string{}, r.notes...),
		"the identity provider in the role's account: that it exists, and that the audience of the token is one of its client IDs",
		"the token's signature, issue time and expiry",
		"resource control policies (RCPs) of the organization and the policy of a VPC endpoint",
		"the role itself: that it exists, its maximum session duration, and its permissions",
		"roles that are assumed from this one (role chaining), and changes that IAM has not propagated yet",
	)
}
