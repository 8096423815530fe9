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
	r := &reader{Lexer: strictjson.New(text, strictjson.Limits{Depth: maxDepth}), text: text}
	switch r.Kind() {
	case strictjson.Array:
		if err := firstError(r.roles(), r.End); err != nil {
			return nil, r.locate(err)
		}
	case strictjson.Object:
		bare, err := r.top()
		if bare {
			return parseBare(text)
		}
		if err := firstError(err, r.End); err != nil {
			return nil, r.locate(err)
		}
	case strictjson.String, strictjson.Number, strictjson.True, strictjson.False, strictjson.Null:
		return nil, r.locate(r.fail(errUnknownInput))
	default:
		return nil, r.locate(r.fail("not a JSON value"))
	}
	return r.docs, nil
}

// firstError returns err, or the error of next if there is none.
func firstError(err error, next func() error) error {
	if err != nil {
		return err
	}
	return next()
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

// top reads the outermost object. It reports whether that is a policy without a role, and then
// reads nothing.
func (r *reader) top() (bare bool, err error) {
	start := r.Offset()
	names := make(map[string]bool)
	err = r.Object(func(name string, _ int) error {
		names[name] = true
		return r.Skip()
	})
	if names["Statement"] || err != nil {
		return names["Statement"], err // trust.Parse describes errors in a policy better
	}
	r.Seek(start)
	return false, r.known(names)
}

// known reads the outermost object by the names of its members.
func (r *reader) known(names map[string]bool) error {
	switch {
	case names["AssumeRolePolicyDocument"]:
		return r.role()
	case names["Role"]:
		return r.member("Role", strictjson.Object, r.role)
	case names["Roles"]:
		return r.member("Roles", strictjson.Array, r.roles)
	case names["RoleDetailList"]:
		// The list of instance profiles repeats roles; this list has all of them.
		return r.member("RoleDetailList", strictjson.Array, r.roles)
	case names["planned_values"]:
		return r.member("planned_values", strictjson.Object, r.values)
	case names["values"]:
		return r.member("values", strictjson.Object, r.values)
	case names["resources"] && names["terraform_version"]:
		return r.member("resources", strictjson.Array, func() error { return r.list(r.stateResource) })
	case names["format_version"]:
		return r.Skip() // an empty state
	}
	return r.fail(errUnknownInput)
}
