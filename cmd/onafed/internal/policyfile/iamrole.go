package policyfile

import (
	"errors"
	"fmt"

	"github.com/onafed/onafed/awsfed/trust"
	"github.com/onafed/onafed/internal/strictjson"
)

func (r *reader) roles() error { return r.list(r.role) }

// role reads a role as IAM's API describes it.
func (r *reader) role() error {
	start := r.Offset()
	var d Document
	found := false
	err := r.Object(func(name string, _ int) error {
		var err error
		switch name {
		case "RoleName":
			d.RoleName, err = r.wantText()
		case "Arn":
			d.RoleARN, err = r.wantText()
		case "AssumeRolePolicyDocument":
			found = true
			err = r.policy(&d, name)
		default:
			err = r.Skip()
		}
		return err
	})
	if err != nil {
		return err
	}
	if !found {
		return &strictjson.Error{Offset: start, Reason: "a role without AssumeRolePolicyDocument"}
	}
	r.docs = append(r.docs, d)
	return nil
}

// policy reads a policy that is an object or a string. An error in the policy becomes d.Err; an
// error in the JSON around it is returned.
func (r *reader) policy(d *Document, name string) error {
	kind := r.Kind()
	start := r.Offset()
	switch kind {
	case strictjson.String:
		text, err := r.Text()
		if err == nil {
			d.parseString(text)
		}
		return err
	case strictjson.Object:
		raw, err := r.Raw()
		if err != nil {
			return err
		}
		r.at = r.at.Forward(r.text, start)
		d.start = r.at
		d.Policy, d.Err = trust.Parse([]byte(raw))
		if refused, ok := errors.AsType[*trust.ParseError](d.Err); ok {
			d.Err = r.inInput(refused, d, name)
		}
		return nil
	default:
		at := r.at.Forward(r.text, start)
		d.Err = &trust.ParseError{
			Line: at.Line(), Column: at.Column(), Element: join(r.element(), name),
			Reason: fmt.Sprintf("an object or a string is needed, not %v", kind),
		}
		return r.Skip()
	}
}

// inInput returns the error of a policy with the position and the path in the whole input.
func (r *reader) inInput(e *trust.ParseError, d *Document, name string) error {
	line, column := d.Position(e.Line, e.Column)
	path := join(r.element(), name)
	return &trust.ParseError{Line: line, Column: column, Element: join(path, e.Element), Reason: e.Reason}
}

// join joins two paths, each of which may be empty.
func join(outer, inner string) string {
	if outer == "" || inner == "" {
		return outer + inner
	}
	return outer + "." + inner
}
