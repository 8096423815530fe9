package claims

import (
	"fmt"
	"strings"
)

// Kind is the kind of principal that a token was issued to.
type Kind int

// The kinds of principals that are known to have tokens. KindUnknown is the kind of the zero
// [Identity].
const (
	KindUnknown Kind = iota
	KindEnvironment
	KindUser
	KindRunner
	KindServiceAccount
	KindAccount
)

// kindNames are the names by which a kind occurs in tokens and in AWS.
type kindNames struct {
	word    string // in V1 subjects
	idClaim string // the V3 claim with the id of the principal
	session string // in AWS session names
}

func (k Kind) names() kindNames {
	switch k {
	case KindEnvironment:
		return kindNames{"environment", "environment_id", "env"}
	case KindUser:
		return kindNames{"user", "user_id", "user"}
	case KindRunner:
		return kindNames{"runner", "runner_id", "rnr"}
	case KindServiceAccount:
		return kindNames{"serviceaccount", "service_account_id", "sa"}
	case KindAccount:
		return kindNames{"account", "account_id", "acct"}
	default:
		return kindNames{word: "unknown"}
	}
}

// String returns the name of k: "environment", "user", "runner", "serviceaccount" or "account", the
// words of V1 subjects, and "unknown" for every other value.
func (k Kind) String() string { return k.names().word }

// MarshalText returns the word of k, as [Kind.String] does. It fails for a value that is not one of
// the constants.
func (k Kind) MarshalText() ([]byte, error) {
	if k != KindUnknown && k.String() == KindUnknown.String() {
		return nil, fmt.Errorf("claims: %d is not a kind of principal", int(k))
	}
	return []byte(k.String()), nil
}

// UnmarshalText sets k to the kind with the word in text. Letter case matters. On error k is
// unchanged.
func (k *Kind) UnmarshalText(text []byte) error {
	kind, ok := kindOf(string(text))
	if !ok {
		return fmt.Errorf("claims: %s is not a kind of principal; want environment, user, runner, serviceaccount, account or unknown", quoted(string(text)))
	}
	*k = kind
	return nil
}

// kindOf returns the kind with the given word.
func kindOf(word string) (Kind, bool) {
	for k := KindUnknown; k <= KindAccount; k++ {
		if word == k.String() {
			return k, true
		}
	}
	return KindUnknown, false
}

// idClaim returns the name of the V3 claim that holds the id of a principal of kind k.
func (k Kind) idClaim() string { return k.names().idClaim }

// kindOfBaseField returns the kind of principal whose second base field in a V3 subject is name.
func kindOfBaseField(name string) Kind {
	switch name {
	case "project_id", "environment_id":
		return KindEnvironment
	case "user_id":
		return KindUser
	case "runner_id":
		// No source shows the subject of a runner, so this form is a guess. It is read, because no
		// other principal can have it, and is never built.
		return KindRunner
	case "service_account_id":
		return KindServiceAccount
	default:
		return KindUnknown
	}
}

// availability says whether tokens of one kind of principal have a claim.
type availability uint8

const (
	never availability = iota
	sometimes
	always
)

// provides reports how often tokens of principals of kind k have the claim that field begins with.
// The sources are Ona's documentation and, where it is silent, the preview in its dashboard. Where
// the two differ, the result is sometimes.
func (k Kind) provides(field string) availability {
	claim, _, _ := strings.Cut(field, ".")
	if claim == k.idClaim() {
		return always
	}
	has := false
	switch claim {
	case "organization_id":
		if k != KindAccount {
			return always
		}
		has = true
	case "project_id", "runner_id", "user_id", "creator_principal", "creator_id", "creator_email",
		"creator_name", "creator_idp", "creator_idp_claims", "environment_initializers":
		has = k == KindEnvironment
	case "runner_name":
		has = k == KindEnvironment || k == KindRunner
	case "account_id":
		has = k == KindEnvironment || k == KindUser
	case "email", "idp", "idp_claims":
		has = k == KindUser || k == KindAccount
	case "name":
		has = k == KindUser || k == KindAccount || k == KindServiceAccount
	}
	if has {
		return sometimes
	}
	return never
}
