package trust

import (
	"fmt"
	"strings"
)

// why says in a sentence how the result of a condition came about.
func (e *evaluation) why(c Condition, m Match, state keyState, values int) string {
	op, ok := parseOperator(c.Operator)
	switch {
	case !ok:
		return "IAM has no operator of this name"
	case op.family == nullFamily:
		return e.whyNull(state)
	case state == keyUnknown:
		return "the request has this key, but its value is not known here"
	case state == keyMissing:
		return whyMissing(op, m)
	case m == Unknown:
		return "what AWS does here is not documented"
	case op.negated && m == Matched:
		return "no value matches, as a negated operator asks"
	case op.negated:
		return "a value matches, and a negated operator asks that none does"
	case m == Matched && values > 1:
		return "values match as the operator asks"
	case m == Matched:
		return "a value matches"
	default:
		return "no value matches"
	}
}

func (e *evaluation) whyNull(state keyState) string {
	switch state {
	case keyPresent:
		return "the request has the key"
	case keyMissing:
		return "the request does not have the key"
	default:
		return "whether the request has this key is not known here"
	}
}

func whyMissing(op operator, m Match) string {
	const missing = "the request does not have the key; "
	switch {
	case m == Unknown:
		return missing + "AWS's pages disagree about what this operator then does"
	case op.qualifier == forAnyValue:
		return missing + "ForAnyValue then fails"
	case op.qualifier == forAllValues:
		return missing + "ForAllValues then holds"
	case op.ifExists:
		return missing + "IfExists then holds"
	case op.negated:
		return missing + "a negated operator then holds"
	default:
		return missing + "the operator then fails"
	}
}

// reason is the decision in one sentence.
func reason(r Request, d Decision) string {
	if r.Refused != "" {
		return "STS refuses the token before it looks at the policy: " + r.Refused
	}
	open := ""
	for _, a := range d.Actions {
		switch a.Outcome {
		case Denied:
			return deniedReason(a, d.Statements)
		case Undetermined:
			open = quoteAction(a.Action)
		case Allowed:
		}
	}
	switch {
	case open == "":
		a := d.Actions[0]
		return statementNames(a.Statements, d.Statements) + " " + plural(len(a.Statements), "allows", "allow") + " " + quoteAction(a.Action)
	case d.Outcome != Undetermined:
		return "AWS's rules are open in a point, but every reading leads to the same outcome for " + open
	default:
		return "whether " + open + " is allowed depends on what AWS does not document or what only AWS sees, first of all: " + d.Readings[0].Assumption
	}
}

func deniedReason(a ActionResult, statements []StatementResult) string {
	if len(a.Statements) > 0 {
		return statementNames(a.Statements, statements) + " " + plural(len(a.Statements), "denies", "deny") + " " + quoteAction(a.Action)
	}
	s := "no statement allows " + quoteAction(a.Action)
	switch a.Action {
	case actionTagSession:
		s += ", which a token with session tags needs"
	case actionSetSourceIdentity:
		s += ", which a token with a source identity needs"
	}
	near, ok := nearest(a.Action, statements)
	if !ok {
		return s
	}
	s += "; nearest is " + statementNames([]int{near.Index}, statements) + ", where "
	return s + firstFailure(a.Action, near)
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
			name += " (" + quoteName(sid) + ")"
		}
		names = append(names, name)
	}
	return plural(len(names), "statement ", "statements ") + strings.Join(names, ", ")
}

// nearest is the Allow statement with the fewest parts that do not match.
func nearest(action string, statements []StatementResult) (StatementResult, bool) {
	best, found, fewest := StatementResult{}, false, 0
	for _, s := range statements {
		if s.Effect != Allow {
			continue
		}
		n := s.failures(action)
		if !found || n < fewest {
			best, found, fewest = s, true, n
		}
	}
	return best, found
}

func (s StatementResult) failures(action string) int {
	n := 0
	// Another principal or action makes a statement be about something else,
	// so it is further away than any condition.
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

func firstFailure(action string, s StatementResult) string {
	hint := func(misses []NearMiss, why string) string {
		if len(misses) > 0 {
			return misses[0].Message
		}
		return why
	}
	for _, a := range s.Actions {
		if a.Action == action && a.Result == NotMatched {
			return "the action is not " + quoteAction(action)
		}
	}
	if s.Principal.Result == NotMatched {
		return "the principal does not match: " + hint(s.Principal.NearMisses, s.Principal.Why)
	}
	for _, c := range s.Conditions {
		if c.Result == NotMatched {
			return c.Operator + " on " + quoteKey(c.Key) + " does not hold: " + hint(c.NearMisses, c.Why)
		}
	}
	return "every part may match"
}

// notConsidered lists what AWS looks at besides the trust policy.
func notConsidered(r Request) []string {
	list := append([]string(nil), r.notes...)
	return append(list,
		"the identity provider in the role's account: that it exists, and that the token's audience is one of its client ids",
		"the token's signature, issue time and expiry",
		"resource control policies (RCPs) of the organization and the policy of a VPC endpoint",
		"the role itself: that it exists, its maximum session duration, and what it may do",
		"roles that are assumed from this one (role chaining), and changes that IAM has not spread yet",
	)
}
