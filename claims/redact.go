package claims

import (
	"fmt"
	"strings"

	"github.com/onafed/onafed/internal/quote"
	"github.com/onafed/onafed/internal/subject"
)

const (
	// ellipsis replaces the parts that RedactSubject leaves out.
	ellipsis = quote.Ellipsis
	// maxRedacted bounds the result of RedactSubject in bytes. No honest subject needs more, and
	// the result goes into logs.
	maxRedacted = 1024
	// maxQuoted bounds the untrusted text in one error message or log value, in bytes. The subjects
	// of environments fit completely (V2 with a project, V3 with project_id and environment_id), so
	// that their last id is not cut.
	maxQuoted = 160
)

// RedactSubject returns sub for logs and messages: pairs of a known key and an id stay, and every
// other value becomes "…". So values that may be personal data are left out, such as creator_email
// in the subject of a V3 token.
//
// It accepts any text, also one that is not a subject. For a text without a known pair it returns
// "…". The result is printable text of at most about 1 KiB. The result proves nothing: a value can
// contain text that looks like a known pair, and RedactSubject then shows that text.
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

// redactPath is RedactSubject for a text that begins as a V2 subject does.
func redactPath(sub string) string {
	var r redaction
	for part := range strings.SplitSeq(sub, "/") {
		key, value, ok := strings.Cut(part, ":")
		switch Key(key) {
		case KeyOrganization, KeyProject, KeyEnvironment, KeyUser, KeyRunner, keyUserShort:
			if ok && subject.IsUUID(value) {
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

// redactPairs is RedactSubject for a text of pairs, as V3 subjects are.
func redactPairs(sub string) string {
	var r redaction
	for pos := 0; pos < len(sub) && !r.full(); {
		name, rest, ok := strings.Cut(sub[pos:], ":")
		form := subject.FormOf(name)
		switch {
		case !ok || form == subject.NoForm:
			r.add(":", ellipsis)
			pos += len(name) + 1
		case form == subject.ID && hasIDAt(rest):
			r.add(":", name+":"+rest[:subject.UUIDLen])
			pos += len(name) + 1 + subject.UUIDLen + 1
		default:
			r.add(":", name+":"+ellipsis)
			pos += len(name) + 1
		}
	}
	return r.String()
}

// redaction collects the parts of a redacted subject.
type redaction struct {
	b strings.Builder
}

// add appends sep and part. Several parts in a row that are left out become one "…".
func (r *redaction) add(sep, part string) {
	if part == ellipsis && strings.HasSuffix(r.b.String(), ellipsis) {
		return
	}
	if r.b.Len() > 0 {
		r.b.WriteString(sep)
	}
	r.b.WriteString(part)
}

func (r *redaction) full() bool { return r.b.Len() > maxRedacted-2*subject.UUIDLen }

func (r *redaction) String() string {
	if r.full() {
		r.add(":", ellipsis)
	}
	return r.b.String()
}

// quoted returns at most maxQuoted bytes of s in double quotes. Everything except printable ASCII
// and the "…" of RedactSubject is escaped, so the result is safe on a terminal.
func quoted(s string) string { return quote.Redacted(s, maxQuoted) }

// unquoted is quoted without the quotes, for values that a log handler separates itself.
func unquoted(s string) string { return quote.Clean(s, maxQuoted) }

// formatText prints text for any verb. For a verb that strings do not support, the output reports
// that, as in package fmt, and contains no value other than text.
func formatText(f fmt.State, verb rune, text string) {
	_, _ = fmt.Fprintf(f, fmt.FormatString(f, verb), text)
}
