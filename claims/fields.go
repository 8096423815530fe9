package claims

import "strings"

// form is what is known of the values that a field of a V3 subject can have. It
// narrows the readings of a subject whose values are not escaped.
type form uint8

const (
	formNone  form = iota // not a documented field
	formID                // a UUID
	formWord              // lower-case letters and underscores
	formEmail             // without a colon, unless it is an unusual address
	formURL               // absolute URL: a colon in its host part only before a port
	formText              // anything, chosen by somebody
)

// formOf returns the form of the values of a documented field: one of the 16
// plain names and three paths that Ona's Terraform provider accepts.
func formOf(name string) form {
	switch name {
	case "organization_id", "project_id", "environment_id", "runner_id",
		"user_id", "account_id", "service_account_id", "creator_id":
		return formID
	case "creator_principal":
		return formWord
	case "creator_email", "email":
		return formEmail
	case "creator_idp", "idp":
		return formURL
	case "creator_name", "name", "runner_name",
		"environment_initializers.git.remote_uri",
		"environment_initializers.git.upstream_remote_uri",
		"environment_initializers.context_url":
		return formText
	}
	return formNone
}

// formOfAny is formOf for every field that may be in a layout: nested claims
// come from an identity provider and can be any text.
func formOfAny(name string) form {
	if f := formOf(name); f != formNone {
		return f
	}
	if isNestedPath(name) {
		return formText
	}
	return formNone
}

// isNestedPath reports whether name leads into one of the claims that are not
// flat.
func isNestedPath(name string) bool {
	head, rest, ok := strings.Cut(name, ".")
	if !ok {
		return false
	}
	switch head {
	case "creator_idp_claims", "idp_claims", "environment_initializers":
	default:
		return false
	}
	for step := range strings.SplitSeq(rest, ".") {
		if step == "" {
			return false
		}
	}
	for i := range len(rest) {
		// A colon or a control character in a name would make pairs that
		// nobody can take apart again; neither is in any documented name.
		if c := rest[i]; c <= ' ' || c == ':' || c >= 0x7f {
			return false
		}
	}
	return true
}

// limit returns how far a value of a field of form f that begins at v can
// reach in sub, and whether it may also end before that, at any colon. A limit
// below v means that no value of the form is there.
func (f form) limit(sub string, v int) (end int, early bool) {
	switch f {
	case formID:
		if hasIDAt(sub[v:]) {
			return v + uuidLen, false
		}
		return -1, false
	case formWord:
		end = nextColon(sub, v)
		if end == v || strings.Trim(sub[v:end], "abcdefghijklmnopqrstuvwxyz_") != "" {
			return -1, false
		}
		return end, false
	case formEmail:
		end = nextColon(sub, v)
		if !isPlainAddress(sub[v:end]) {
			return len(sub), true
		}
		return end, false
	case formURL:
		return urlLimit(sub, v)
	case formText:
		return len(sub), true
	default:
		return -1, false
	}
}

// nextColon returns the offset of the first colon in sub from v on, or the
// length of sub.
func nextColon(sub string, v int) int {
	if i := strings.IndexByte(sub[v:], ':'); i >= 0 {
		return v + i
	}
	return len(sub)
}

// isPlainAddress reports whether s, which ends at a colon or with the subject, is
// a whole e-mail address. Colons are only in quoted local parts and in domain
// literals (RFC 5322, section 3.4.1); of those nothing is said, as somebody may
// have chosen one to forge pairs with.
func isPlainAddress(s string) bool {
	at := strings.IndexByte(s, '@')
	return at > 0 && at < len(s)-1 && strings.IndexByte(s[at+1:], '@') < 0 && !strings.ContainsAny(s, `"[`)
}

// urlLimit is limit for formURL. In the part of a URL that names the host a
// colon is followed by a port (RFC 3986, section 3.2), so a value ends at one
// that is not; in the path a colon may be anything.
func urlLimit(sub string, v int) (end int, early bool) {
	colon := nextColon(sub, v)
	if !strings.HasPrefix(sub[colon:], "://") {
		// Not the URL that the documentation shows. Names of providers have
		// no colon.
		return colon, false
	}
	host := colon + len("://")
	if strings.HasPrefix(sub[host:], "[") {
		if i := strings.IndexByte(sub[host:], ']'); i >= 0 {
			host += i
		}
	}
	port := false
	for i := host; i < len(sub); i++ {
		switch c := sub[i]; {
		case c == '/' || c == '?' || c == '#':
			return len(sub), true
		case c == ':':
			if port || i+1 == len(sub) || sub[i+1] < '0' || sub[i+1] > '9' {
				return i, false
			}
			port = true
		case port && (c < '0' || c > '9'):
			// No port after all: the digits begin something else.
			return strings.LastIndexByte(sub[:i], ':'), false
		}
	}
	return len(sub), port
}

// availability says whether tokens of a kind of principal carry a claim.
type availability uint8

const (
	never availability = iota
	sometimes
	always
)

// provides says whether the tokens of k carry the claim that field begins with,
// by Ona's documentation where it speaks and by its dashboard's preview where it
// does not. Where the two differ the answer is sometimes.
func (k Kind) provides(field string) availability {
	head, _, _ := strings.Cut(field, ".")
	if head == k.idClaim() {
		return always
	}
	switch head {
	case "organization_id":
		if k == KindAccount {
			return sometimes
		}
		return always
	case "project_id", "creator_principal", "creator_id", "creator_email", "creator_name",
		"creator_idp", "creator_idp_claims", "environment_initializers":
		return sometimesIf(k == KindEnvironment)
	case "runner_id":
		return sometimesIf(k == KindEnvironment)
	case "runner_name":
		return sometimesIf(k == KindEnvironment || k == KindRunner)
	case "user_id":
		return sometimesIf(k == KindEnvironment)
	case "account_id":
		return sometimesIf(k == KindEnvironment || k == KindUser)
	case "email", "idp", "idp_claims":
		return sometimesIf(k == KindUser || k == KindAccount)
	case "name":
		return sometimesIf(k == KindUser || k == KindAccount || k == KindServiceAccount)
	}
	return never
}

func sometimesIf(ok bool) availability {
	if ok {
		return sometimes
	}
	return never
}
