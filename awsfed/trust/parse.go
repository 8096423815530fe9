package trust

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

const (
	// DefaultSize is how many characters a role's trust policy may have in an
	// account that did not ask AWS for more (quota L-C07B4B0D).
	DefaultSize = 2048
	// MaxSize is the largest value to which AWS raises that quota.
	MaxSize = 8192

	// maxInput is the limit of the API parameter that carries the document,
	// white space included.
	maxInput = 131072
)

// Parse reads the JSON of an IAM role trust policy, in every form that IAM
// accepts: strings or lists, one statement or a list, both versions.
//
// What IAM would refuse to save is a *[ParseError] and the zero Policy: bad
// JSON, unknown and repeated elements, elements in another letter case, missing
// elements, NotPrincipal and Resource, an action that no trust policy can have,
// an operator that does not exist, characters outside of IAM's range, more than
// [MaxSize] characters (see [Policy.Size]). What IAM saves although it is
// dangerous is no error here. Where AWS does not say whether IAM refuses
// something, Parse takes it, unless it could be read in two ways.
func Parse(data []byte) (Policy, error) {
	r := newPolicyReader(string(data))
	if n := utf8.RuneCount(data); n > maxInput {
		return Policy{}, r.fail(0, fmt.Sprintf("%d characters; IAM takes no document of more than %d", n, maxInput))
	}
	p, err := r.policy()
	if err != nil {
		return Policy{}, err
	}
	if err := r.end(); err != nil {
		return Policy{}, err
	}
	if n := p.Size(); n > MaxSize {
		return Policy{}, r.fail(0, tooLong(n))
	}
	return p, nil
}

func tooLong(n int) string {
	return fmt.Sprintf("%d characters without white space; IAM takes no more than %d", n, MaxSize)
}

// forgetPlaces takes the places away from a policy that was just read from a
// part of a text: they are those in the part.
func (p Policy) forgetPlaces() {
	for _, s := range p.Statements {
		s.form.line, s.form.column = 0, 0
	}
}

// policy reads a policy document.
func (r *jsonReader) policy() (Policy, error) {
	if err := r.want(jsonObject); err != nil {
		return Policy{}, err
	}
	start := r.offset()
	p := Policy{form: &policyForm{}}
	err := r.members("policy", policyElements(), &p.form.order, func(name string, at int) error {
		var err error
		switch name {
		case "Version":
			p.Version, err = r.version()
		case "Id":
			p.ID, err = r.wantText()
		case "Statement":
			err = r.statements(&p)
		}
		return err
	})
	if err != nil {
		return Policy{}, err
	}
	if !slices.Contains(p.form.order, "Statement") {
		return Policy{}, r.fail(start, "the element Statement is missing")
	}
	return p, nil
}

func policyElements() []string { return []string{"Version", "Id", "Statement"} }

func (r *jsonReader) version() (string, error) {
	at := r.offset()
	v, err := r.wantText()
	if err != nil {
		return "", err
	}
	if v != "2012-10-17" && v != "2008-10-17" {
		return "", r.fail(at, fmt.Sprintf("%s is no version of the policy language; there are 2012-10-17 and 2008-10-17", quoteName(v)))
	}
	return v, nil
}

// statements reads one statement or a list of them.
func (r *jsonReader) statements(p *Policy) error {
	kind, err := r.kind()
	if err != nil {
		return err
	}
	at := r.offset()
	if kind == jsonObject {
		p.form.single = true
		s, err := r.statement()
		p.Statements = []Statement{s}
		return err
	}
	if kind != jsonArray {
		return r.fail(at, fmt.Sprintf("a statement or a list of statements is needed, not %v", kind))
	}
	sids := make(map[string]bool)
	name := r.path[len(r.path)-1]
	defer func() { r.path[len(r.path)-1] = name }()
	err = r.array(func(i int) error {
		r.path[len(r.path)-1] = fmt.Sprintf("%s[%d]", name, i)
		if err := r.want(jsonObject); err != nil {
			return err
		}
		start := r.offset()
		s, err := r.statement()
		if err != nil {
			return err
		}
		if s.Sid != "" && sids[s.Sid] {
			return r.fail(start, fmt.Sprintf("the Sid %s is used twice", quoteName(s.Sid)))
		}
		sids[s.Sid] = true
		p.Statements = append(p.Statements, s)
		return nil
	})
	if err == nil && len(p.Statements) == 0 {
		return r.fail(at, "there is no statement")
	}
	return err
}

// members reads an object whose members are elements of the policy language:
// none unknown. The names go to order as they come.
func (r *jsonReader) members(of string, known []string, order *[]string, member func(name string, at int) error) error {
	return r.object(func(name string, at int) error {
		if !slices.Contains(known, name) {
			return r.fail(at, unknownElement(of, known, name))
		}
		*order = append(*order, name)
		r.path = append(r.path, name)
		if err := member(name, at); err != nil {
			return err
		}
		r.path = r.path[:len(r.path)-1]
		return nil
	})
}

// unknownElement says what is wrong with an element that is not known.
func unknownElement(of string, known []string, name string) string {
	for _, k := range known {
		if strings.EqualFold(k, name) {
			return fmt.Sprintf("unknown element %s: IAM tells letter case apart and wants %s", quoteName(name), k)
		}
	}
	switch name {
	case "NotPrincipal":
		return "NotPrincipal is not allowed in a trust policy"
	case "Resource", "NotResource":
		return name + " is not allowed in a trust policy: the role itself is the resource"
	}
	return fmt.Sprintf("unknown element %s in a %s", quoteName(name), of)
}

// want wants the next value to be of a kind and reads nothing.
func (r *jsonReader) want(want jsonKind) error {
	kind, err := r.kind()
	if err != nil {
		return err
	}
	if kind != want {
		return r.failHere(fmt.Sprintf("%v is needed, not %v", want, kind))
	}
	return nil
}

func (r *jsonReader) wantText() (string, error) {
	if err := r.want(jsonString); err != nil {
		return "", err
	}
	return r.string()
}

// wantTexts reads a string or a list of strings; list tells that it was a list.
// Each string is shown to check, which gives a reason to refuse it or "".
func (r *jsonReader) wantTexts(check func(string) string) (texts []string, list bool, err error) {
	kind, err := r.kind()
	if err != nil {
		return nil, false, err
	}
	read := func(int) error {
		at := r.offset()
		s, err := r.wantText()
		if err != nil {
			return err
		}
		if reason := check(s); reason != "" {
			return r.fail(at, reason)
		}
		texts = append(texts, s)
		return nil
	}
	switch kind {
	case jsonString:
		err := read(0)
		return texts, false, err
	case jsonArray:
		texts = []string{}
		err := r.array(read)
		return texts, true, err
	default:
		return nil, false, r.failHere(fmt.Sprintf("a string or a list of strings is needed, not %v", kind))
	}
}
