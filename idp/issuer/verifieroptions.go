package issuer

import (
	"log/slog"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/onafed/onafed/idp"
	"github.com/onafed/onafed/internal/quote"
	"github.com/onafed/onafed/internal/subject"
)

// VerifierOptions are the options of [NewVerifier]. The zero value is not accepted: name the
// audiences and, for Ona's issuer, the organizations.
type VerifierOptions struct {
	// Audiences are the accepted audiences: aud must contain one of them. It must not be empty
	// unless AnyAudience is set, because a token for another service would be accepted.
	Audiences []string
	// AnyAudience accepts tokens with any audience or none. Audiences must then be empty.
	AnyAudience bool
	// Organizations are the IDs of the accepted organizations. For Ona's issuer
	// https://app.gitpod.io, which signs tokens for all customers, it must not be empty unless
	// AnyOrganization is set. For other issuers, empty means that the organization is not checked,
	// and that sub may have any form.
	Organizations []string
	// AnyOrganization accepts all organizations. Organizations must then be empty.
	AnyOrganization bool
	// Projects and Environments are the IDs of the accepted projects and environments; empty means
	// that they are not checked. If both are given, both must match. Tokens of other principals, such
	// as users, are then refused, and with Projects also V1 tokens, which do not name the project.
	Projects, Environments []string
	// Algorithms are the accepted algorithms, of RS256, RS384, RS512, ES256, ES384 and ES512; empty
	// means RS256, the algorithm of Ona's tokens.
	Algorithms []string
	// Leeway is the accepted difference between the clocks, for exp, nbf and iat: at most 5
	// minutes; 0 means 30 seconds, and a negative value means none.
	Leeway time.Duration
	// MaxLifetime is the longest accepted exp - iat; 0 means no limit. With a limit, iat is
	// required.
	MaxLifetime time.Duration
	// Logger gets a warning with the reason, and without the token, for each request that
	// [Verifier.Middleware] refuses; nil means no log.
	Logger *slog.Logger
}

// check reports the first option that is not accepted.
func (o *VerifierOptions) check(issuer string, keys KeySet) error {
	for _, rule := range []struct {
		broken         bool
		option, reason string
	}{
		{issuer == "", "issuer", "must not be empty"},
		{isNil(keys), "keys", "must not be nil"},
		{len(o.Audiences) == 0 && !o.AnyAudience, "Audiences", "must not be empty unless AnyAudience is set"},
		{len(o.Audiences) > 0 && o.AnyAudience, "AnyAudience", "cannot be combined with Audiences"},
		{slices.Contains(o.Audiences, ""), "Audiences", "an audience is empty"},
		{
			len(o.Organizations) == 0 && !o.AnyOrganization && isOna(issuer), "Organizations",
			"must not be empty unless AnyOrganization is set: " + idp.Issuer + " signs tokens for all customers of Ona",
		},
		{len(o.Organizations) > 0 && o.AnyOrganization, "AnyOrganization", "cannot be combined with Organizations"},
		{o.Leeway > maxLeeway, "Leeway", o.Leeway.String() + " is more than 5m"},
		{o.MaxLifetime < 0, "MaxLifetime", "must not be negative, got " + o.MaxLifetime.String()},
	} {
		if rule.broken {
			return optionErrorf("NewVerifier", rule.option, "%s", rule.reason)
		}
	}
	return o.checkIDs()
}

// isNil reports whether keys is nil or a nil pointer, with which the first call would panic.
func isNil(keys KeySet) bool {
	v := reflect.ValueOf(keys)
	return keys == nil || v.Kind() == reflect.Pointer && v.IsNil()
}

// checkIDs refuses values that no token has, which would refuse every token.
func (o *VerifierOptions) checkIDs() error {
	for _, list := range []struct {
		option string
		ids    []string
	}{{"Organizations", o.Organizations}, {"Projects", o.Projects}, {"Environments", o.Environments}} {
		for _, id := range list.ids {
			if subject.IsUUID(id) {
				continue
			}
			_, fault := subject.UUIDFault(id)
			return optionErrorf("NewVerifier", list.option, "%s is not an ID of Ona, a UUID in lower case: %s",
				quote.Text(id, maxShown), strings.TrimPrefix(fault, "id is "))
		}
	}
	return nil
}

// isOna reports whether an issuer is Ona's, or differs from it only by letter case or slashes at
// the end. Such an issuer matches no token, and the error about organizations shows the right
// spelling.
func isOna(issuer string) bool {
	return strings.EqualFold(strings.TrimRight(issuer, "/"), idp.Issuer)
}
