package policyfile

import (
	"errors"
	"fmt"
	"strings"

	"github.com/onafed/onafed/awsfed/trust"
	"github.com/onafed/onafed/internal/strictjson"
)

const (
	// maxInput is the largest input of Parse in bytes.
	maxInput = 256 << 20

	// maxDepth bounds the nesting. A Terraform plan with deep modules needs some dozens of levels.
	maxDepth = 512

	errUnknownInput = "neither a policy nor roles of AWS nor the JSON of a Terraform plan or state"
)

// Parse finds the trust policies in the output of a tool:
//
//   - a policy document without a role;
//   - aws iam get-role, create-role and list-roles;
//   - aws iam get-account-authorization-details;
//   - terraform show -json, of a plan (the values after apply) or of a state;
//   - a state as Terraform stores it (terraform state pull, format 4).
//
// A policy may be an object or a string, and a string may be URL-encoded as in answers of IAM's
// API. The documents are in the order of the input. Input of another kind and input that is not
// JSON is an error, and so is a policy without a role that trust.Parse refuses. Input of a known
// kind without any role gives no document and no error. A role with a policy that cannot be read
// has [Document.Err], so that it does not hide the others.
func Parse(text string) ([]Document, error) {
	if len(text) > maxInput {
		return nil, fmt.Errorf("%d bytes; files of more than %d are not read", len(text), maxInput)
	}
	r := newReader(text)
	var err error
	switch r.Kind() {
	case strictjson.Array:
		err = r.roles()
	case strictjson.Object:
		err = r.top()
	case strictjson.String, strictjson.Number, strictjson.True, strictjson.False, strictjson.Null:
		err = r.fail(errUnknownInput)
	default:
		err = r.fail("not a JSON value")
	}
	switch {
	case err == nil:
		err = r.End()
	case errors.Is(err, errIsPolicy):
		return parseBare(text)
	case errors.Is(err, errIsRole):
		r = newReader(text)
		if err = r.role(); err == nil {
			err = r.End()
		}
	}
	if err != nil {
		return nil, r.locate(err)
	}
	return r.docs, nil
}

// parseBare reads a policy without a role.
func parseBare(text string) ([]Document, error) {
	p, err := trust.Parse([]byte(text))
	if err != nil {
		return nil, err
	}
	return []Document{{Policy: p}}, nil
}

// reader collects the documents of one input.
type reader struct {
	*strictjson.Lexer

	text string
	path []string            // of the value that is being read
	at   strictjson.Position // of the last policy; positions are counted from one to the next
	docs []Document
}

func newReader(text string) *reader {
	return &reader{Lexer: strictjson.New(text, strictjson.Limits{Depth: maxDepth}), text: text}
}

// fail returns an error at the next value.
func (r *reader) fail(reason string) error {
	return &strictjson.Error{Offset: r.Offset(), Reason: reason}
}

// locate replaces the offset of an error by a line, a column and the path of the value.
func (r *reader) locate(err error) error {
	wrong, ok := errors.AsType[*strictjson.Error](err)
	if !ok {
		return err
	}
	var start strictjson.Position
	if r.at.Offset <= wrong.Offset {
		start = r.at
	}
	at := start.Forward(r.text, wrong.Offset)
	where := fmt.Sprintf("line %d, column %d", at.Line(), at.Column())
	if len(r.path) > 0 {
		where += ": " + r.element()
	}
	return fmt.Errorf("%s: %s", where, wrong.Reason)
}

// element returns the path of the value that is being read: RoleDetailList[1].
func (r *reader) element() string {
	return strings.ReplaceAll(strings.Join(r.path, "."), ".[", "[")
}

// want returns an error if the next value is not of a kind.
func (r *reader) want(kind strictjson.Kind) error {
	if got := r.Kind(); got != kind {
		return r.fail(fmt.Sprintf("%v is needed, not %v", kind, got))
	}
	return nil
}

func (r *reader) wantText() (string, error) {
	if err := r.want(strictjson.String); err != nil {
		return "", err
	}
	return r.Text()
}

// within reads a value of a kind under a name in the path. After an error the path stays, for
// locate.
func (r *reader) within(name string, kind strictjson.Kind, read func() error) error {
	r.path = append(r.path, name)
	err := r.want(kind)
	if err == nil {
		err = read()
	}
	if err == nil {
		r.path = r.path[:len(r.path)-1]
	}
	return err
}

// member reads one member of an object and skips the others.
func (r *reader) member(name string, kind strictjson.Kind, read func() error) error {
	return r.Object(func(n string, _ int) error {
		if n != name {
			return r.Skip()
		}
		return r.within(name, kind, read)
	})
}

// list reads a list of objects.
func (r *reader) list(item func() error) error {
	i := 0
	return r.Array(func() error {
		name := fmt.Sprintf("[%d]", i)
		i++
		return r.within(name, strictjson.Object, item)
	})
}

// The outermost object is itself a policy or a role, and must be read again from its start.
var (
	errIsPolicy = errors.New("the input is a policy")
	errIsRole   = errors.New("the input is a role")
)

// top reads the outermost object in one pass: the first member that contains roles, and the names
// of the others.
func (r *reader) top() error {
	start := r.Offset()
	found, terraform, empty := false, false, false
	resources := -1 // the offset of the resources of a stored state
	err := r.Object(func(name string, _ int) error {
		switch name {
		case "Statement":
			return errIsPolicy
		case "AssumeRolePolicyDocument":
			return errIsRole
		case "terraform_version":
			terraform = true
		case "format_version":
			empty = true // unless values follow
		case "resources":
			resources = r.Offset()
		}
		kind, read := r.container(name)
		if read == nil || found {
			return r.Skip()
		}
		found = true
		return r.within(name, kind, read)
	})
	switch {
	case err != nil || found:
		return err
	case terraform && resources >= 0:
		end := r.Offset()
		r.Seek(resources)
		err = r.within("resources", strictjson.Array, func() error { return r.list(r.stateResource) })
		if err == nil {
			r.Seek(end)
		}
		return err
	case empty:
		return nil
	}
	return &strictjson.Error{Offset: start, Reason: errUnknownInput}
}

// container returns the kind of a member that contains roles, and the function that reads it.
func (r *reader) container(name string) (strictjson.Kind, func() error) {
	switch name {
	case "Role":
		return strictjson.Object, r.role
	case "Roles", "RoleDetailList": // the list of instance profiles repeats roles of RoleDetailList
		return strictjson.Array, r.roles
	case "planned_values", "values":
		return strictjson.Object, r.values
	}
	return 0, nil
}
