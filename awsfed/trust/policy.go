package trust

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"unicode/utf8"

	"github.com/onafed/onafed/internal/quote"
	"github.com/onafed/onafed/internal/strictjson"
	"github.com/onafed/onafed/internal/textfile"
)

const (
	// DefaultSize is the number of characters that a trust policy may have in an account with the
	// default quota (L-C07B4B0D).
	DefaultSize = 2048
	// MaxSize is the largest value of that quota.
	MaxSize = 8192

	// maxInput is the limit of the API parameter for the document, including white space.
	maxInput = 131072
)

// Policy is an IAM role trust policy.
//
// The zero Policy has no statement and allows nobody. A Policy from [Parse] remembers its form
// (which elements were a string and which a list, and the order of the elements), so that it prints
// as the same JSON. A Policy made in Go code prints in the form of the IAM console. A caller may
// change exported fields. The printed policy then has the new values.
//
// A Policy is safe for concurrent use as long as no goroutine changes it. A copy by assignment
// shares its lists with the original: see [Policy.Clone].
type Policy struct {
	// Version is "2012-10-17", "2008-10-17" or empty. IAM treats an absent version as 2008-10-17,
	// in which policy variables are plain text.
	Version string
	// ID is the element Id, which IAM stores and does not use. It may be empty.
	ID string
	// Statements are in the order of the document. The order does not matter to IAM: a Deny that
	// applies always wins.
	Statements []Statement

	form policyForm // zero: the default form
}

// policyForm holds the details of a document that the exported fields do not hold, for printing.
type policyForm struct {
	order  []string // members of the document
	single bool     // Statement was an object
}

// Parse reads the JSON of an IAM role trust policy, in every form that IAM accepts: strings or
// lists, one statement or a list, both versions.
//
// The error is a *[ParseError] for everything that IAM rejects: invalid JSON, unknown or repeated
// elements, elements in another letter case, missing elements, NotPrincipal and Resource, actions
// that a trust policy cannot have, unknown operators, characters outside IAM's range, and more than
// [MaxSize] characters (see [Policy.Size]). A policy that IAM saves is not an error, even if it is
// dangerous. If AWS does not document whether IAM rejects something, Parse accepts it, unless it
// has two possible meanings.
func Parse(data []byte) (Policy, error) {
	r := newReader(string(data))
	p, err := r.document()
	if err != nil {
		return Policy{}, r.parseError(err)
	}
	return p, nil
}

// Equal reports whether p and q have the same content in the same order. It ignores their form (a
// string or a list with one string).
func (p Policy) Equal(q Policy) bool {
	return p.Version == q.Version && p.ID == q.ID && slices.EqualFunc(p.Statements, q.Statements, Statement.Equal)
}

// Clone returns a copy of p that shares no list with p.
func (p Policy) Clone() Policy {
	p.Statements = slices.Clone(p.Statements)
	for i, s := range p.Statements {
		p.Statements[i] = s.clone()
	}
	return p
}

// Size returns the number of characters of the policy without white space between elements. The
// limits of IAM are [DefaultSize] and [MaxSize]. AWS documents only for other policies that white
// space does not count. IAM may therefore reject an indented trust policy whose Size is within the
// limit.
func (p Policy) Size() int {
	text, _ := p.compact()
	return utf8.RuneCount(text)
}

// String returns the policy as JSON indented with tabs, as the IAM console shows it, without a
// final newline. The result depends only on p. Unlike [Policy.MarshalJSON], String also prints a
// policy that IAM rejects.
func (p Policy) String() string {
	text, _ := p.compact()
	var b bytes.Buffer
	_ = json.Indent(&b, text, "", "\t") // the text is always JSON
	return b.String()
}

// compact returns the policy as JSON without white space. lossy reports whether the policy has
// something that JSON cannot express.
func (p Policy) compact() (text []byte, lossy bool) {
	w := printer{}
	w.policy(p)
	return w.b, w.lossy
}

// MarshalJSON returns the policy as JSON without white space. [Parse] reads it back to an equal
// policy. It fails if IAM would reject the policy, usually with a *[ParseError].
func (p Policy) MarshalJSON() ([]byte, error) {
	text, lossy := p.compact()
	_, err := Parse(text)
	if pe, ok := errors.AsType[*ParseError](err); ok {
		// The position refers to text that the caller does not have.
		return nil, &ParseError{Element: pe.Element, Reason: pe.Reason}
	}
	if lossy {
		return nil, &ParseError{Reason: "the policy has no JSON form: it contains text that is not UTF-8, or Any with other principals"}
	}
	return text, err
}

// UnmarshalJSON is like [Parse]. On error p is unchanged. The positions of the statements are not
// known, because data is a part of a larger text.
func (p *Policy) UnmarshalJSON(data []byte) error {
	q, err := Parse(data)
	if err != nil {
		return err
	}
	for i := range q.Statements {
		q.Statements[i].form.line, q.Statements[i].form.column = 0, 0
	}
	*p = q
	return nil
}

// document reads the whole text.
func (r *reader) document() (Policy, error) {
	if err := textfile.Check(r.text); err != nil {
		return Policy{}, fail(0, err.Error())
	}
	if n := utf8.RuneCountInString(r.text); n > maxInput {
		return Policy{}, fail(0, fmt.Sprintf("the document has %d characters, and IAM allows at most %d", n, maxInput))
	}
	p, err := r.policy()
	if err == nil {
		err = r.lex.End()
	}
	if err != nil {
		return Policy{}, err
	}
	if n := p.Size(); n > MaxSize {
		return Policy{}, fail(0, fmt.Sprintf("the document has %d characters without white space, and IAM allows at most %d", n, MaxSize))
	}
	return p, nil
}

// policy reads the policy.
func (r *reader) policy() (Policy, error) {
	if err := r.want("an object", strictjson.Object); err != nil {
		return Policy{}, err
	}
	start := r.lex.Offset()
	var p Policy
	elements := []string{"Version", "Id", "Statement"}
	err := r.members("policy", elements, &p.form.order, func(name string) error {
		var err error
		switch name {
		case "Version":
			p.Version, err = r.version()
		case "Id":
			p.ID, err = r.wantText()
		case "Statement":
			p.Statements, p.form.single, err = r.statements()
		}
		return err
	})
	if err != nil {
		return Policy{}, err
	}
	if !slices.Contains(p.form.order, "Statement") {
		return Policy{}, fail(start, "the element Statement is missing")
	}
	return p, nil
}

func (r *reader) version() (string, error) {
	at := r.lex.Offset()
	v, err := r.wantText()
	if err != nil {
		return "", err
	}
	if v != "2012-10-17" && v != "2008-10-17" {
		return "", fail(at, quote.Name(v)+" is not a version of the policy language: use 2012-10-17 or 2008-10-17")
	}
	return v, nil
}

// statements reads a statement or a list of them. single reports that it was not a list.
func (r *reader) statements() (list []Statement, single bool, err error) {
	if err := r.want("a statement or a list of statements", strictjson.Object, strictjson.Array); err != nil {
		return nil, false, err
	}
	if r.lex.Kind() == strictjson.Object {
		s, err := r.statement()
		return []Statement{s}, true, err
	}
	at := r.lex.Offset()
	sids := make(map[string]bool)
	last := len(r.path) - 1
	name := r.path[last]
	err = r.lex.Array(func() error {
		r.path[last] = fmt.Sprintf("%s[%d]", name, len(list))
		if err := r.want("an object", strictjson.Object); err != nil {
			return err
		}
		start := r.lex.Offset()
		s, err := r.statement()
		if err != nil {
			return err
		}
		if s.Sid != "" && sids[s.Sid] {
			return fail(start, "the Sid "+quote.Name(s.Sid)+" is used twice")
		}
		sids[s.Sid] = true
		list = append(list, s)
		return nil
	})
	if err != nil {
		return nil, false, err
	}
	r.path[last] = name
	if len(list) == 0 {
		return nil, false, fail(at, "there is no statement")
	}
	return list, false, nil
}
