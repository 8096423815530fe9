package claims

import (
	"fmt"
	"strings"

	"github.com/onafed/onafed/internal/quote"
)

const (
	// ellipsis stands for what RedactSubject leaves out.
	ellipsis = quote.Ellipsis
	// maxRedacted bounds the result of RedactSubject: a subject that needs more
	// is no honest one, and the result goes into logs.
	maxRedacted = 1024
	// maxQuoted bounds the untrusted text in one error message or log value. The
	// subject of an environment has room in it, that of V2 with its project and
	// that of V3 with project_id and environment_id: one whose last id is cut
	// tells nothing.
	maxQuoted = 160
)

// RedactSubject returns sub in a form that is fit for logs and messages: pairs
// of a known key and an id stay, every other value is "…". The values that it
// leaves out are those that may hold personal data, such as creator_email in the
// subject of a V3 token.
//
// It takes any text, V1, V2, V3 or none of them; of a text that has no known
// pair only "…" is left. The result is at most about 1 KiB of printable text. It
// is not evidence: a value that was left out may have contained a text that looks
// like a known pair, which is then shown as one.
func RedactSubject(sub string) string {
	if strings.HasPrefix(sub, string(KeyOrganization)+":") {
		if _, err := ParseSubject(sub); err == nil {
			return sub
		}
		return redactPath(sub)
	}
	if _, ok := parseSubjectV1(sub); ok {
		return sub
	}
	return redactPairs(sub)
}

// redactPath is RedactSubject of a text that begins as a V2 subject does.
func redactPath(sub string) string {
	var r redaction
	for part := range strings.SplitSeq(sub, "/") {
		key, value, ok := strings.Cut(part, ":")
		switch Key(key) {
		case KeyOrganization, KeyProject, KeyEnvironment, KeyUser, KeyRunner, keyUserShort:
			if ok && isUUID(value) {
				r.add("/", part)
			} else {
				r.add("/", key+":"+ellipsis)
			}
		default:
			r.add("/", ellipsis)
		}
		if r.full() {
			break
		}
	}
	return r.String()
}

// redactPairs is RedactSubject of a text made of pairs as V3 subjects are.
func redactPairs(sub string) string {
	var r redaction
	for pos := 0; pos < len(sub) && !r.full(); {
		name, rest, ok := strings.Cut(sub[pos:], ":")
		form := formOf(name)
		switch {
		case !ok || form == formNone:
			r.add(":", ellipsis)
			pos += len(name) + 1
		case form == formID && hasIDAt(rest):
			r.add(":", name+":"+rest[:uuidLen])
			pos += len(name) + 1 + uuidLen + 1
		default:
			r.add(":", name+":"+ellipsis)
			pos += len(name) + 1
		}
	}
	return r.String()
}

// hasIDAt reports whether s begins with an id that ends with s or at a colon.
func hasIDAt(s string) bool {
	return startsWithUUID(s) && (len(s) == uuidLen || s[uuidLen] == ':')
}

// redaction collects the parts of a redacted subject.
type redaction struct {
	b strings.Builder
}

// add appends part after sep; several parts left out in a row become one "…".
func (r *redaction) add(sep, part string) {
	if part == ellipsis && strings.HasSuffix(r.b.String(), ellipsis) {
		return
	}
	if r.b.Len() > 0 {
		r.b.WriteString(sep)
	}
	r.b.WriteString(part)
}

func (r *redaction) full() bool { return r.b.Len() > maxRedacted-2*uuidLen }

func (r *redaction) String() string {
	if r.full() {
		r.add(":", ellipsis)
	}
	return r.b.String()
}

// quoted returns s in double quotes and fit for a terminal: at most maxQuoted
// bytes of it, with everything escaped but printable ASCII and the "…" of
// RedactSubject.
func quoted(s string) string { return quote.Redacted(s, maxQuoted) }

// unquoted is quoted without the quotes, for values that a log handler sets apart
// itself.
func unquoted(s string) string { return quote.Clean(s, maxQuoted) }

// formatText prints text under any verb: one that does not fit a string reports
// that, as package fmt does, with text as the only thing to be seen.
func formatText(f fmt.State, verb rune, text string) {
	_, _ = fmt.Fprintf(f, fmt.FormatString(f, verb), text)
}
