package policyfile

import (
	"errors"

	"github.com/onafed/onafed/internal/strictjson"
)

// values reads the "values representation" of Terraform's JSON output (Terraform, "JSON Output
// Format"): the root module.
func (r *reader) values() error {
	return r.member("root_module", strictjson.Object, r.module)
}

// module reads the resources of a module, then its child modules.
func (r *reader) module() error {
	return r.Object(func(name string, _ int) error {
		switch name {
		case "resources":
			return r.objects(r.resource)
		case "child_modules":
			return r.objects(r.module)
		}
		return r.Skip()
	})
}

// objects reads a value that must be a list of objects.
func (r *reader) objects(item func() error) error {
	if err := r.want(strictjson.Array); err != nil {
		return err
	}
	return r.list(item)
}

// resource reads a resource and keeps it if it is a role.
func (r *reader) resource() error {
	var d Document
	isRole, found := false, false
	err := r.Object(func(name string, _ int) error {
		var err error
		switch name {
		case "address":
			d.Address, err = r.wantText()
		case "type":
			var kind string
			kind, err = r.wantText()
			isRole = kind == "aws_iam_role"
		case "values":
			found, err = r.attributes(&d)
		default:
			err = r.Skip()
		}
		return err
	})
	if err != nil || !isRole {
		return err
	}
	if !found {
		d.Err = errors.New("Terraform does not know the trust policy of this role before it is applied")
	}
	r.docs = append(r.docs, d)
	return nil
}

// attributes reads the attributes of a resource. Their values may be of any kind, because resources
// of other types have attributes of the same names.
func (r *reader) attributes(d *Document) (found bool, err error) {
	if r.Kind() != strictjson.Object {
		return false, r.Skip()
	}
	err = r.Object(func(name string, _ int) error {
		if r.Kind() != strictjson.String {
			return r.Skip()
		}
		var err error
		switch name {
		case "name":
			d.RoleName, err = r.Text()
		case "arn":
			d.RoleARN, err = r.Text()
		case "assume_role_policy":
			var text string
			if text, err = r.Text(); err == nil {
				found = true
				d.parseString(text)
			}
		default:
			err = r.Skip()
		}
		return err
	})
	return found, err
}
