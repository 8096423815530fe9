package claims

import (
	"encoding/json"
	"strings"

	"github.com/onafed/onafed/internal/strictjson"
)

// fieldSet is a set of claims.
type fieldSet uint32

// The claims that are strings and can be fields of a V3 subject.
const (
	setOrganization fieldSet = 1 << iota
	setProject
	setEnvironment
	setRunner
	setRunnerName
	setUser
	setAccount
	setServiceAccount
	setCreatorPrincipal
	setCreator
	setCreatorEmail
	setCreatorName
	setCreatorIDP
	setEmail
	setName
	setIDP
)

// text returns the field of c for the claim of the given name, if the claim is a string, and its
// bit if the claim can be a field of a V3 subject. For other claims it returns nil.
func (c *Claims) text(name string) (*string, fieldSet) {
	switch name {
	case "iss":
		return &c.Issuer, 0
	case "sub":
		return &c.Subject, 0
	case "azp":
		return &c.AuthorizedParty, 0
	case "org":
		return &c.org, 0
	case "organization_id":
		return &c.OrganizationID, setOrganization
	case "project_id":
		return &c.ProjectID, setProject
	case "environment_id":
		return &c.EnvironmentID, setEnvironment
	case "runner_id":
		return &c.RunnerID, setRunner
	case "runner_name":
		return &c.RunnerName, setRunnerName
	case "user_id":
		return &c.UserID, setUser
	case "account_id":
		return &c.AccountID, setAccount
	case "service_account_id":
		return &c.ServiceAccountID, setServiceAccount
	case "creator_principal":
		return &c.CreatorPrincipal, setCreatorPrincipal
	case "creator_id":
		return &c.CreatorID, setCreator
	case "creator_email":
		return &c.CreatorEmail, setCreatorEmail
	case "creator_name":
		return &c.CreatorName, setCreatorName
	case "creator_idp":
		return &c.CreatorIDP, setCreatorIDP
	case "email":
		return &c.Email, setEmail
	case "name":
		return &c.Name, setName
	case "idp":
		return &c.IDP, setIDP
	}
	return nil, 0
}

// isClaim reports whether Parse knows the claim of the given name.
func isClaim(name string) bool {
	switch name {
	case "aud", "exp", "iat", "nbf", "gsub", "creator_idp_claims", "idp_claims", "environment_initializers":
		return true
	}
	var c Claims
	dst, _ := c.text(name)
	return dst != nil
}

// field returns the value of the string claim that a field of a V3 subject names, and whether c has
// that claim. The field may be a dotted path into the claims of an identity provider.
func (c *Claims) field(name string) (string, bool) {
	if dst, bit := c.text(name); bit != 0 {
		return *dst, *dst != "" || c.empty&bit != 0
	}
	head, path, _ := strings.Cut(name, ".")
	switch head {
	case "creator_idp_claims":
		return nested(c.CreatorIDPClaims, path)
	case "idp_claims":
		return nested(c.IDPClaims, path)
	}
	// environment_initializers is an array. A path does not lead into it.
	return "", false
}

// nested returns the string at a dotted path in raw, and whether there is one.
func nested(raw json.RawMessage, path string) (string, bool) {
	l := strictjson.New(string(raw), strictjson.Limits{Depth: maxDepth})
	var (
		value string
		found bool
	)
	err := l.Document(follow(l, path, func(s string) { value, found = s, true }))
	return value, found && err == nil
}

// follow returns a function that reads the members of an object and calls keep with the string at
// the path. It reads in one pass, because the author of the token chose the length of the paths.
func follow(l *strictjson.Lexer, path string, keep func(string)) func(string, int) error {
	step, rest, more := strings.Cut(path, ".")
	return func(name string, _ int) error {
		switch kind := l.Kind(); {
		case name != step:
		case more && kind == strictjson.Object:
			return l.Object(follow(l, rest, keep))
		case !more && kind == strictjson.String:
			s, err := l.Text()
			keep(s)
			return err
		}
		return l.Skip()
	}
}
