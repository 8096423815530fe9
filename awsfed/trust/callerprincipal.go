package trust

import (
	"slices"
	"strings"

	"github.com/onafed/onafed/internal/arn"
	"github.com/onafed/onafed/internal/condition"
	"github.com/onafed/onafed/internal/quote"
)

// callerKind is the relation of a principal to the caller of AssumeRole. If several principals of a
// statement match, the largest kind applies.
type callerKind uint8

const (
	otherCaller   callerKind = iota
	callerID                 // the unique ID of a role; that of the caller's role is not known
	callerCase               // the caller, except for letter case
	callerPath               // a role with the name of the caller, whose path is not known
	callerSession            // a session of the caller's role; the name of the caller's session is not known
	exactAccount
	exactSession
	exactRole
	anyCaller
)

// kindOf returns the relation of one AWS principal to the caller ("AWS JSON policy elements:
// Principal", IAM User Guide): an account includes all its roles, and a role all its sessions.
func (c *caller) kindOf(principal string) callerKind {
	switch {
	case principal == "*":
		return anyCaller
	case principal == c.account && principal != "":
		return exactAccount
	case strings.HasPrefix(principal, "AROA") && isUniqueID(principal): // the prefix of the IDs of roles
		return callerID
	}
	a, ok := arn.Parse(principal)
	if !ok || a.Partition != c.partition || a.Account != c.account || a.Region != "" {
		return otherCaller
	}
	if a.Service == "iam" && a.Resource == "root" {
		return exactAccount
	}
	if _, name, isRole := a.Role(); isRole {
		return c.kindOfRole(principal, name)
	}
	if role, session, isSession := splitSession(a); isSession {
		return c.kindOfSession(role, session)
	}
	return otherCaller
}

func (c *caller) kindOfRole(principal, name string) callerKind {
	switch {
	case principal == c.roleARN:
		return exactRole
	case c.roleARN == "" && name == c.roleName:
		return callerPath
	case strings.EqualFold(principal, c.roleARN), c.roleARN == "" && strings.EqualFold(name, c.roleName):
		return callerCase
	default:
		return otherCaller
	}
}

func (c *caller) kindOfSession(role, session string) callerKind {
	sameRole, sameSession := role == c.roleName, session == c.sessionName
	switch {
	case sameRole && sameSession:
		return exactSession
	case sameRole && c.sessionName == "":
		return callerSession
	case strings.EqualFold(role, c.roleName) && (c.sessionName == "" || strings.EqualFold(session, c.sessionName)):
		return callerCase
	default:
		return otherCaller
	}
}

// classify returns the closest relation of a statement's principals to the caller, and the
// principal that has it.
func (c *caller) classify(p Principal) (kind callerKind, principal string) {
	if p.Any {
		return anyCaller, "*"
	}
	for _, one := range p.AWS {
		if k := c.kindOf(one); k > kind {
			kind, principal = k, one
		}
	}
	return kind, principal
}

// relation returns the relation of a statement's principals to the caller.
func (c *caller) relation(p Principal) relation {
	kind, principal := c.classify(p)
	open := func(rule condition.Rule, why string) relation {
		return relation{open: condition.Question{Rule: rule, About: principal}, why: why}
	}
	switch kind {
	case anyCaller:
		return relation{included: true, why: "the principal is everybody"}
	case exactRole:
		return relation{included: true, why: "the principal is the role of the caller"}
	case exactSession:
		return relation{included: true, why: "the principal is the session of the caller"}
	case exactAccount:
		return relation{included: true, why: "the principal is the account of the caller, which includes its roles"}
	case callerID:
		return open(condition.CallerID, "the principal is the unique ID of a role, and the unique ID of the caller's role is not known; "+
			"IAM shows such an ID after "+quote.Name(principal)+" was deleted, and a new role has another one")
	case callerCase:
		return open(condition.CallerCase, "the principal differs from the caller only in letter case, and AWS does not document the result")
	case callerPath:
		return open(condition.CallerPath, "the principal is a role with the name of the caller's role, whose path is not known")
	case callerSession:
		return open(condition.CallerSession, "the principal is a session of the caller's role, and the name of the caller's session is not known")
	default:
		if len(p.AWS) == 0 {
			return relation{why: "the statement names no AWS principal, and a role that assumes another has no other principal"}
		}
		return relation{why: "the statement names other principals"}
	}
}

// nearMisses looks for a principal that is almost the caller.
func (c *caller) nearMisses(p Principal) []NearMiss {
	var misses []NearMiss
	add := func(kind, message string) {
		if !slices.ContainsFunc(misses, func(m NearMiss) bool { return m.Kind == kind }) {
			misses = append(misses, NearMiss{kind, message})
		}
	}
	for _, one := range p.AWS {
		a, ok := arn.Parse(one)
		_, name, isRole := a.Role()
		role, session, isSession := splitSession(a)
		same := isRole && name == c.roleName || isSession && role == c.roleName
		switch {
		case !ok || !same:
		case a.Partition != c.partition:
			add("principal-partition", "the principal is in partition "+quote.Name(a.Partition)+", the caller in "+quote.Name(c.partition))
		case a.Account != c.account:
			add("principal-account", "the principal is in account "+quote.Name(a.Account)+", the caller in "+quote.Name(c.account))
		case isRole:
			add("principal-path", "the principal is a role of this name with another path; a path is a part of the ARN")
		case session != c.sessionName:
			add("principal-session", "the principal is another session of the caller's role; the ARN of the role would include all its sessions")
		}
	}
	return misses
}

// keyNearMisses looks for the reason why the request of the caller does not have a condition key.
func (c *caller) keyNearMisses(key string) []NearMiss {
	switch key = strings.ToLower(key); {
	case key == "sts:externalid":
		return []NearMiss{{"no-external-id", "the policy requires an external ID, and the call has none"}}
	case key == "sts:sourceidentity":
		return []NearMiss{{"no-source-identity", "the policy requires a source identity, and neither the call nor the caller has one"}}
	case strings.HasPrefix(key, "aws:requesttag/"), key == "aws:tagkeys", key == "sts:transitivetagkeys":
		return []NearMiss{{"no-session-tag", "the policy requires session tags that the call does not have"}}
	default:
		return nil
	}
}
