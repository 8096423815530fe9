package trust

import "errors"

// stateResource reads a resource of a stored state and keeps its instances if
// they are roles.
func (r *documentReader) stateResource() error {
	var module, mode, kind, name string
	instances := -1
	err := r.object(func(member string, _ int) error {
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
			if instances >= 0 {
				return r.failHere("a resource with two lists of instances")
			}
			if err := r.want(jsonArray); err != nil {
				return err
			}
			instances = r.offset()
			return r.skip()
		default:
			err = r.skip()
		}
		return err
	})
	if err != nil || kind != "aws_iam_role" || instances < 0 {
		return err
	}
	address := kind + "." + name
	if mode == "data" {
		address = "data." + address
	}
	if module != "" {
		address = module + "." + address
	}
	// The members come in any order, so the instances are read last.
	end := r.lex.Offset()
	r.lex.Seek(instances)
	r.path = append(r.path, "instances")
	err = r.list(func() error { return r.stateInstance(address) })
	r.path = r.path[:len(r.path)-1]
	if err == nil {
		r.lex.Seek(end)
	}
	return err
}

// stateInstance reads one role of a resource.
func (r *documentReader) stateInstance(address string) error {
	d := Document{Address: address}
	found := false
	err := r.object(func(member string, _ int) error {
		var err error
		switch member {
		case "index_key":
			var key string
			key, err = r.lex.Raw()
			d.Address += "[" + key + "]"
			err = r.parseError(err)
		case "attributes":
			found, err = r.attributes(&d)
		default:
			err = r.skip()
		}
		return err
	})
	if err != nil {
		return err
	}
	if !found {
		d.Err = errors.New("trust: the state does not hold the trust policy of this role")
	}
	r.docs = append(r.docs, d)
	return nil
}
