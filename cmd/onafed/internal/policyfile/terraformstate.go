package policyfile

import (
	"errors"

	"github.com/onafed/onafed/internal/strictjson"
)

// stateResource reads a resource of a stored state and keeps its instances if they are roles.
func (r *reader) stateResource() error {
	var module, mode, kind, name string
	instances := -1
	err := r.Object(func(member string, _ int) error {
		var err error
		switch member {
		case "module":
			module, err = r.wantText()
		case "mode":
			mode, err = r.wantText()
		case "type":
			kind, err = r.wantText()
		case "name":
			name, err = r.wantText()
		case "instances":
			if err := r.want(strictjson.Array); err != nil {
				return err
			}
			instances = r.Offset()
			return r.Skip()
		default:
			err = r.Skip()
		}
		return err
	})
	if err != nil || kind != "aws_iam_role" || instances < 0 {
		return err
	}
	address := join(module, kind+"."+name)
	if mode == "data" {
		address = join(module, "data."+kind+"."+name)
	}
	// The members have no order, so the instances are read when the address is known.
	end := r.Offset()
	r.Seek(instances)
	err = r.within("instances", strictjson.Array, func() error {
		return r.list(func() error { return r.stateInstance(address) })
	})
	if err == nil {
		r.Seek(end)
	}
	return err
}

// stateInstance reads one role of a resource.
func (r *reader) stateInstance(address string) error {
	d := Document{Address: address}
	found := false
	err := r.Object(func(member string, _ int) error {
		var err error
		switch member {
		case "index_key":
			var key string
			key, err = r.Raw()
			d.Address += "[" + key + "]"
		case "attributes":
			found, err = r.attributes(&d)
		default:
			err = r.Skip()
		}
		return err
	})
	if err != nil {
		return err
	}
	if !found {
		d.Err = errors.New("the state does not contain the trust policy of this role")
	}
	r.docs = append(r.docs, d)
	return nil
}
