package trust

import (
	"strings"

	"github.com/onafed/onafed/claims"
	"github.com/onafed/onafed/internal/provider"
	"github.com/onafed/onafed/internal/quote"
)

// shown returns a value of the request as an explanation may show it. IDs in subjects, audiences,
// and values of AWS and of the network are shown. A value that may be the name or address of a
// person is replaced.
func (r Request) shown(key, value string) string {
	if r.ShowValues {
		return value
	}
	key = strings.ToLower(key)
	host := strings.ToLower(provider.IssuerHost(r.Issuer))
	if name, ok := strings.CutPrefix(key, host+":"); ok && host != "" {
		return shownClaim(name, value)
	}
	switch {
	case key == "sts:rolesessionname":
		if _, _, err := claims.ParseSessionName(value); err != nil {
			return quote.Ellipsis
		}
		return value
	case key == "sts:roleauthorizedbyidp", key == "sts:transitivetagkeys":
		return value
	case strings.HasPrefix(key, "aws:requesttag/"), strings.HasPrefix(key, "aws:principaltag/"),
		key == "aws:sourceidentity", key == "aws:userid", key == "aws:username":
		return quote.Ellipsis
	case strings.HasPrefix(key, "aws:"):
		return value
	case strings.HasSuffix(key, ":sub"), strings.HasSuffix(key, ":aud"), strings.HasSuffix(key, ":oaud"):
		// A Request that the caller filled in can have keys of other issuers.
		return shownClaim(key[strings.LastIndexByte(key, ':')+1:], value)
	default:
		return quote.Ellipsis
	}
}

func shownClaim(name, value string) string {
	switch name {
	case "sub":
		return claims.RedactSubject(value)
	case "aud", "oaud", "amr":
		return value
	default:
		return quote.Ellipsis
	}
}
