package claims

import (
	"strings"

	"github.com/onafed/onafed/internal/subject"
)

// formOf returns the form of the values of a field that may be in a layout. Values at a path come
// from an identity provider and can be any text.
func formOf(name string) subject.Form {
	if f := subject.FormOf(name); f != subject.NoForm {
		return f
	}
	if subject.IsPath(name) {
		return subject.Text
	}
	return subject.NoForm
}

// hasIDAt reports whether s begins with an id that ends at a colon or at the end of s.
func hasIDAt(s string) bool {
	return subject.StartsWithUUID(s) && (len(s) == subject.UUIDLen || s[subject.UUIDLen] == ':')
}

// valueLimit returns the last possible end of a value of form f that begins at sub[v:], and whether
// the value may also end at an earlier colon. An end below v means that there is no value of that
// form.
func valueLimit(f subject.Form, sub string, v int) (end int, early bool) {
	switch f {
	case subject.ID:
		if hasIDAt(sub[v:]) {
			return v + subject.UUIDLen, false
		}
		return -1, false
	case subject.Word:
		end = nextColon(sub, v)
		if end == v || strings.Trim(sub[v:end], "abcdefghijklmnopqrstuvwxyz_") != "" {
			return -1, false
		}
		return end, false
	case subject.Email:
		end = nextColon(sub, v)
		if !isPlainAddress(sub[v:end]) {
			return len(sub), true
		}
		return end, false
	case subject.URL:
		return urlLimit(sub, v)
	case subject.Text:
		return len(sub), true
	default:
		return -1, false
	}
}

// nextColon returns the offset of the first colon in sub from v on, or the length of sub.
func nextColon(sub string, v int) int {
	if i := strings.IndexByte(sub[v:], ':'); i >= 0 {
		return v + i
	}
	return len(sub)
}

// isPlainAddress reports whether s, which ends at a colon or with the subject, is a whole e-mail
// address. Only quoted local parts and domain literals contain colons (RFC 5322, section 3.4.1).
// isPlainAddress returns false for those, because a person may have chosen one to forge pairs.
func isPlainAddress(s string) bool {
	at := strings.IndexByte(s, '@')
	return at > 0 && at < len(s)-1 && strings.IndexByte(s[at+1:], '@') < 0 && !strings.ContainsAny(s, `"[`)
}

// urlLimit is valueLimit for URLs. In the host part of a URL, a port follows a colon (RFC 3986,
// section 3.2), so the value ends at a colon without a port. In the path, every colon may belong to
// the value or end it.
func urlLimit(sub string, v int) (end int, early bool) {
	colon := nextColon(sub, v)
	if !strings.HasPrefix(sub[colon:], "://") {
		// Not the URL that the documentation shows. Names of providers have no colon.
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
			// This is not a port. The digits begin something else.
			return strings.LastIndexByte(sub[:i], ':'), false
		}
	}
	return len(sub), port
}
