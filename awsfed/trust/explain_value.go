package trust

import (
	"strconv"
	"strings"

	"github.com/onafed/onafed/claims"
	"github.com/onafed/onafed/internal/quote"
)

// redacted stands for a value that is not shown.
const redacted = quote.Ellipsis

// show is a value of the request as it may be shown. Subjects keep their known
// ids; audiences, and what AWS or the network says, are shown; what may be a
// person's name or address is not.
func (r Request) show(key, value string) string {
	if r.ShowValues {
		return value
	}
	key = strings.ToLower(key)
	prefix := strings.ToLower(issuerHost(r.Issuer)) + ":"
	if name, ok := strings.CutPrefix(key, prefix); ok && prefix != ":" {
		return showClaim(name, value)
	}
	switch {
	case key == "sts:rolesessionname":
		if _, _, err := claims.ParseSessionName(value); err == nil {
			return value
		}
		return redacted
	case key == "sts:roleauthorizedbyidp", key == "sts:transitivetagkeys":
		return value
	case strings.HasPrefix(key, "aws:requesttag/"):
		return redacted
	case strings.HasPrefix(key, "aws:"):
		return value
	case strings.HasSuffix(key, ":sub"), strings.HasSuffix(key, ":aud"), strings.HasSuffix(key, ":oaud"):
		// Another issuer's key in a request that somebody made by hand.
		return showClaim(key[strings.LastIndexByte(key, ':')+1:], value)
	default:
		return redacted
	}
}

func showClaim(name, value string) string {
	switch name {
	case "sub":
		return claims.RedactSubject(value)
	case "aud", "oaud", "amr":
		return value
	default:
		return redacted
	}
}

// maxValue is how many bytes of a value are shown.
const maxValue = 300

// quoteValue prints untrusted text for a terminal: everything that is not
// printable ASCII is escaped, and it is cut. The sign for what was left out
// stays readable.
func quoteValue(s string) string { return quote.Redacted(s, maxValue) }

// quoteList prints a few values; of a long list it says how many more there
// are.
func quoteList(values []string) string {
	const limit = 20
	var b strings.Builder
	for i, v := range values {
		if i == limit {
			b.WriteString(", and " + strconv.Itoa(len(values)-limit) + " more")
			break
		}
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString(quoteValue(v))
	}
	return b.String()
}
