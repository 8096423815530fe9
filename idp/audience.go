package idp

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/onafed/onafed/claims"
)

// AudienceAWS is the audience that AWS STS requires of a web identity token, unless the IAM identity
// provider lists others.
const AudienceAWS = "sts.amazonaws.com"

// maxAudiences and maxAudience, in bytes, bound the request. Tokens usually have one short audience.
const (
	maxAudiences = 32
	maxAudience  = 1024
)

// checkAudiences returns an *OptionError of the function if it cannot request a token for the
// audiences.
func checkAudiences(function string, audiences ...string) error {
	const option = "audience"
	switch {
	case len(audiences) == 0:
		return refuse(function, option, "none given; name the service that the token is for, such as "+AudienceAWS)
	case len(audiences) > maxAudiences:
		return refuse(function, option, fmt.Sprintf("%d values, want at most %d", len(audiences), maxAudiences))
	}
	for _, a := range audiences {
		switch {
		case a == "":
			return refuse(function, option, "empty; name the service that the token is for, such as "+AudienceAWS)
		case len(a) > maxAudience:
			return refuse(function, option, fmt.Sprintf("%s is longer than %d bytes", shown(a), maxAudience))
		case !utf8.ValidString(a):
			return refuse(function, option, shown(a)+" is not UTF-8")
		}
	}
	return nil
}

// checkAudience returns a *claims.ValidationError if the token lacks the audience.
func checkAudience(t *Token, audience string) error {
	if got := t.data().claims.Audience; !slices.Contains(got, audience) {
		return &claims.ValidationError{Claim: "aud", Got: strings.Join(got, " "), Want: shown(audience)}
	}
	return nil
}
