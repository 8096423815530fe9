package trust

import "errors"

// values reads what Terraform calls values: the root module.
func (r *documentReader) values() error {
	return r.member("root_module", jsonObject, r.module)
}

// module reads a module: its resources, then its child modules.
func (r *documentReader) module() error {
	return r.object(func(name string, _ int) error {
		switch name {
		case "resources":
			return r.wantList(r.resource)
		case "child_modules":
			return r.wantList(r.module)
		}
		return r.skip()
	})
}

func (r *documentReader) wantList(item func() error) error {
	if err := r.want(jsonArray); err != nil {
		return err
	}
	return r.list(item)
}

// resource reads a resource and keeps it if it is a role.
func (r *documentReader) resource() error {
	var d Document
	isRole, found := false, false
	err := r.object(func(name string, _ int) error {
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
			err = r.skip()
		}
		return err
	})
	if err != nil || !isRole {
		return err
	}
	if !found {
		d.Err = errors.New("trust: Terraform does not know the trust policy of this role before it is applied")
	}
	r.docs = append(r.docs, d)
	return nil
}

// attributes reads the attributes of a resource. The members may be of any
// kind, because resources of other types have members of the same names.
func (r *documentReader) attributes(d *Document) (found bool, err error) {
	if kind, err := r.kind(); err != nil || kind != jsonObject {
		return false, r.skip()
	}
	err = r.object(func(name string, _ int) error {
		kind, err := r.kind()
		if err != nil || kind != jsonString {
			return r.skip()
		}
		switch name {
		case "name":
			d.RoleName, err = r.string()
		case "arn":
			d.RoleARN, err = r.string()
		case "assume_role_policy":
			found = true
			var s string
			if s, err = r.string(); err == nil {
				d.Policy, d.Err = parseString(s)
			}
		default:
			err = r.skip()
		}
		return err
	})
	return found, err
}
