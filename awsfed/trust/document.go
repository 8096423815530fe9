package trust

import (
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/onafed/onafed/internal/strictjson"
)

// maxDocuments is the largest input of ParseDocuments in bytes. An account with
// the 5,000 roles that AWS allows at most makes some 30 MB.
const maxDocuments = 256 << 20

// Document is a trust policy with the role that it belongs to. Names and
// addresses are as the input has them: print them quoted.
type Document struct {
	// RoleName and RoleARN are the role's, empty where the input does not say
	// them (a bare policy; an ARN that Terraform will know after apply).
	RoleName, RoleARN string
	// Address is Terraform's address of the role, for example
	// module.ci.aws_iam_role.deploy[0]; empty for other input.
	Address string
	// Policy is the trust policy; the zero Policy if Err is set.
	Policy Policy
	// Err says why this one policy could not be read: a *[ParseError], or an
	// error that says that Terraform does not know the policy yet. One role
	// that cannot be read does not hide the others.
	Err error
}

// ParseDocuments finds the trust policies in the output of a tool:
//
//   - a policy document by itself;
//   - aws iam get-role, create-role and list-roles;
//   - aws iam get-account-authorization-details;
//   - terraform show -json, of a plan (what will be) or of a state;
//   - a state as Terraform stores it (terraform state pull, format 4).
//
// A policy may be an object or a string, and a string may be URL-encoded as
// IAM's API gives it. The documents are in the order of the input. Input of
// another kind, and input that is not JSON, is an error; so is a bare policy
// that [Parse] refuses. Input of a known kind without any role gives no
// document and no error.
func ParseDocuments(data []byte) ([]Document, error) {
	if len(data) > maxDocuments {
		return nil, fmt.Errorf("trust: %d bytes; documents of more than %d are not read", len(data), maxDocuments)
	}
	text := string(data)
	r := &documentReader{jsonReader: jsonReader{lex: strictjson.New(text, strictjson.Limits{Depth: maxDepth}), text: text}}
	kind, err := r.kind()
	if err != nil {
		return nil, err
	}
	start := r.offset()
	switch kind {
	case jsonArray:
		err = r.roles()
	case jsonObject:
		var names map[string]bool
		if names, err = r.names(); err != nil {
			return nil, err
		}
		r.lex.Seek(start)
		if names["Statement"] {
			p, err := Parse(data)
			if err != nil {
				return nil, err
			}
			return []Document{{Policy: p}}, nil
		}
		err = r.top(names)
	default:
		err = r.failHere(errUnknownInput)
	}
	if err != nil {
		return nil, err
	}
	if err := r.end(); err != nil {
		return nil, err
	}
	return r.docs, nil
}

const errUnknownInput = "neither a policy nor roles of AWS nor the JSON of a Terraform plan or state"

// documentReader collects documents.
type documentReader struct {
	jsonReader
	docs []Document
}

// names reads an object for the names of its members.
func (r *documentReader) names() (map[string]bool, error) {
	names := make(map[string]bool)
	err := r.object(func(name string, _ int) error {
		names[name] = true
		return r.skip()
	})
	return names, err
}

// top reads the outermost object.
func (r *documentReader) top(names map[string]bool) error {
	switch {
	case names["AssumeRolePolicyDocument"]:
		return r.role()
	case names["Role"]:
		return r.member("Role", jsonObject, r.role)
	case names["Roles"]:
		return r.member("Roles", jsonArray, r.roles)
	case names["RoleDetailList"]:
		// The list of instance profiles repeats roles; this one has them all.
		return r.member("RoleDetailList", jsonArray, r.roles)
	case names["planned_values"]:
		return r.member("planned_values", jsonObject, r.values)
	case names["values"]:
		return r.member("values", jsonObject, r.values)
	case names["resources"] && names["terraform_version"]:
		return r.member("resources", jsonArray, func() error { return r.list(r.stateResource) })
	case names["format_version"]:
		return r.skip() // a state without anything in it
	}
	return r.failHere(errUnknownInput)
}

// member reads an object for one member, which is read by read if it is of the
// wanted kind, and skips the others.
func (r *documentReader) member(name string, want jsonKind, read func() error) error {
	return r.object(func(n string, _ int) error {
		if n != name {
			return r.skip()
		}
		r.path = append(r.path, name)
		if err := r.want(want); err != nil {
			return err
		}
		err := read()
		r.path = r.path[:len(r.path)-1]
		return err
	})
}

// list reads a list of objects by item.
func (r *documentReader) list(item func() error) error {
	return r.array(func(i int) error {
		r.path = append(r.path, fmt.Sprintf("[%d]", i))
		if err := r.want(jsonObject); err != nil {
			return err
		}
		err := item()
		r.path = r.path[:len(r.path)-1]
		return err
	})
}

func (r *documentReader) roles() error { return r.list(r.role) }

// role reads a role as IAM's API describes it.
func (r *documentReader) role() error {
	start := r.offset()
	var d Document
	found := false
	err := r.object(func(name string, at int) error {
		var err error
		switch name {
		case "RoleName":
			d.RoleName, err = r.wantText()
		case "Arn":
			d.RoleARN, err = r.wantText()
		case "AssumeRolePolicyDocument":
			if found {
				return r.fail(at, "a role with two trust policies")
			}
			found = true
			d.Policy, d.Err, err = r.document(name)
		default:
			err = r.skip()
		}
		return err
	})
	if err != nil {
		return err
	}
	if !found {
		return r.fail(start, "a role without AssumeRolePolicyDocument")
	}
	r.docs = append(r.docs, d)
	return nil
}

// document reads a policy that is an object or a string. What is wrong with the
// policy is bad; err is about the JSON around it.
func (r *documentReader) document(name string) (p Policy, bad, err error) {
	kind, err := r.kind()
	if err != nil {
		return Policy{}, nil, err
	}
	start := r.offset()
	switch kind {
	case jsonString:
		s, err := r.string()
		if err != nil {
			return Policy{}, nil, err
		}
		p, bad = parseString(s)
		return p, bad, nil
	case jsonObject:
		// The policy is read where it stands, so that positions are those of
		// the whole input; its limits are those of a policy by itself.
		if err := r.skip(); err != nil {
			return Policy{}, nil, err
		}
		r.base = r.base.Forward(r.text, start)
		inner := newPolicyReader(r.text[:r.lex.Offset()])
		inner.lex.Seek(start)
		inner.base, inner.path = r.base, append(slices.Clone(r.path), name)
		p, bad = inner.policy()
		if n := p.Size(); bad == nil && n > MaxSize {
			p, bad = Policy{}, r.fail(start, tooLong(n))
		}
		return p, bad, nil
	default:
		return Policy{}, r.failHere(fmt.Sprintf("an object or a string is needed, not %v", kind)), r.skip()
	}
}

// parseString reads a policy in a string, which is URL-encoded if it does not
// begin as JSON does. IAM encodes by RFC 3986, where a plus sign is itself.
func parseString(s string) (Policy, error) {
	if strings.HasPrefix(strings.TrimLeft(s, " \t\r\n"), "%") {
		decoded, err := url.PathUnescape(s)
		if err != nil {
			return Policy{}, &ParseError{Reason: "the string is neither JSON nor URL-encoded JSON"}
		}
		s = decoded
	}
	p, err := Parse([]byte(s))
	p.forgetPlaces()
	return p, err
}
