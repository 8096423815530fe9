package claims

import (
	"encoding/json"
	"slices"
	"strings"

	"github.com/onafed/onafed/internal/strictjson"
	"github.com/onafed/onafed/internal/subject"
)

// text returns the field of c for the claim of the given name if the claim is a string, and nil for
// other claims.
func (c *Claims) text(name string) *string {
	switch name {
	case "iss":
		return &c.Issuer
	case "sub":
		return &c.Subject
	case "azp":
		return &c.AuthorizedParty
	case "org":
		return &c.org
	case "organization_id":
		return &c.OrganizationID
	case "project_id":
		return &c.ProjectID
	case "environment_id":
		return &c.EnvironmentID
	case "runner_id":
		return &c.RunnerID
	case "runner_name":
		return &c.RunnerName
	case "user_id":
		return &c.UserID
	case "account_id":
		return &c.AccountID
	case "service_account_id":
		return &c.ServiceAccountID
	case "creator_principal":
		return &c.CreatorPrincipal
	case "creator_id":
		return &c.CreatorID
	case "creator_email":
		return &c.CreatorEmail
	case "creator_name":
		return &c.CreatorName
	case "creator_idp":
		return &c.CreatorIDP
	case "email":
		return &c.Email
	case "name":
		return &c.Name
	case "idp":
		return &c.IDP
	}
	return nil
}

// isClaim reports whether Parse knows the claim of the given name.
func isClaim(name string) bool {
	switch name {
	case "aud", "exp", "iat", "nbf", "gsub", "creator_idp_claims", "idp_claims", "environment_initializers":
		return true
	}
	var c Claims
	return c.text(name) != nil
}

// field returns the value of the string claim that a field of a V3 subject names, and whether c has
// that claim. The field may be a dotted path into the claims of an identity provider.
func (c *Claims) field(name string) (string, bool) {
	if dst := c.text(name); dst != nil && subject.FormOf(name) != subject.NoForm {
		return *dst, *dst != "" || slices.Contains(c.empty, name)
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
