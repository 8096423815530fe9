package claims

import (
	"encoding/json"
	"errors"
	"strings"

	"github.com/onafed/onafed/internal/strictjson"
	"github.com/onafed/onafed/internal/subject"
)

// unknownProject is the project of an environment in the text of an Identity that was read from a
// V1 token.
const unknownProject = "unknown"

// AppendText appends the text of i to b, see [Identity.MarshalText]. It implements
// [encoding.TextAppender] and never fails.
func (i Identity) AppendText(b []byte) ([]byte, error) {
	if i.IsZero() {
		return b, nil
	}
	if i.org != "" {
		b = append(append(append(b, "organization:"...), i.org...), '/')
	}
	if project := i.projectText(); project != "" {
		b = append(append(append(b, "project:"...), project...), '/')
	}
	b = append(append(b, i.kind.String()...), ':')
	return append(b, i.id...), nil
}

func (i Identity) projectText() string {
	if i.projectUnknown {
		return unknownProject
	}
	return i.project
}

// MarshalText returns i for storage, as a path of kinds and ids from the organization to the
// principal:
//
//	organization:<id>/project:<id>/environment:<id>
//	organization:<id>/environment:<id>
//	organization:<id>/user:<id>
//	account:<id>
//
// The project of an environment is "unknown" if i was read from a V1 token. The text is empty for the
// zero Identity. [Identity.UnmarshalText] reads it. So an Identity can be the key of a map in JSON.
func (i Identity) MarshalText() ([]byte, error) { return i.AppendText(nil) }

// UnmarshalText sets i to the Identity in text, see [Identity.MarshalText]. It accepts exactly what
// MarshalText returns. On error i is unchanged.
func (i *Identity) UnmarshalText(text []byte) error {
	rest := string(text)
	if rest == "" {
		*i = Identity{}
		return nil
	}
	var read Identity
	if after, ok := strings.CutPrefix(rest, "organization:"); ok {
		if read.org, rest, ok = strings.Cut(after, "/"); !ok {
			return errors.New("claims: identity: no principal after the organization")
		}
	}
	project := ""
	if after, ok := strings.CutPrefix(rest, "project:"); ok {
		if project, rest, ok = strings.Cut(after, "/"); !ok || project == "" {
			return errors.New("claims: identity: no environment after the project")
		}
	}
	word, id, _ := strings.Cut(rest, ":")
	if err := read.kind.UnmarshalText([]byte(word)); err != nil {
		return err
	}
	read.id, read.projectUnknown = id, project == unknownProject
	if !read.projectUnknown {
		read.project = project
	}
	return i.set(read)
}

// set sets i to read if a token can have that Identity.
func (i *Identity) set(read Identity) error {
	inProject := read.project != "" || read.projectUnknown
	switch {
	case read.kind == KindUnknown:
		return errors.New("claims: identity: no kind of principal")
	case !subject.IsUUID(read.id):
		return errors.New("claims: identity: the id is not a UUID in canonical form")
	case !subject.IsUUID(read.org) && (read.kind != KindAccount || read.org != ""):
		return errors.New("claims: identity: the organization is not a UUID in canonical form")
	case read.project != "" && !subject.IsUUID(read.project):
		return errors.New("claims: identity: the project is not a UUID in canonical form")
	case inProject && read.kind != KindEnvironment:
		return errors.New("claims: identity: only environments have a project")
	}
	*i = read
	return nil
}

// MarshalJSON returns an object with the members kind (a word, see [Kind.String]) and id, and with
// organization and project if i has them. project is null if i was read from a V1 token, which does
// not name it. The zero Identity is null. These names do not change; others may be added.
func (i Identity) MarshalJSON() ([]byte, error) {
	if i.IsZero() {
		return []byte("null"), nil
	}
	var project json.RawMessage
	switch {
	case i.projectUnknown:
		project = json.RawMessage("null")
	case i.project != "":
		project = json.RawMessage(`"` + i.project + `"`)
	}
	return json.Marshal(struct {
		Kind         Kind            `json:"kind"`
		ID           string          `json:"id"`
		Organization string          `json:"organization,omitempty"`
		Project      json.RawMessage `json:"project,omitempty"`
	}{i.kind, i.id, i.org, project})
}

// UnmarshalJSON sets i to the Identity in data: the object of [Identity.MarshalJSON], in which other
// members are ignored; a string with the text of [Identity.MarshalText], which package json passes for
// the key of a map; or null for the zero Identity. On error i is unchanged.
func (i *Identity) UnmarshalJSON(data []byte) error {
	l := strictjson.New(string(data), strictjson.Limits{Depth: maxDepth})
	switch l.Kind() {
	case strictjson.Null:
		*i = Identity{}
		return nil
	case strictjson.String:
		text, err := l.Text()
		if err != nil {
			return parseError("identity", err)
		}
		return i.UnmarshalText([]byte(text))
	default:
	}
	var read Identity
	var kind string
	err := l.Document(func(name string, _ int) error {
		switch name {
		case "kind":
			return readParameter(l, name, &kind)
		case "id":
			return readParameter(l, name, &read.id)
		case "organization":
			return readParameter(l, name, &read.org)
		case "project":
			if read.projectUnknown = l.Kind() == strictjson.Null; !read.projectUnknown {
				return readParameter(l, name, &read.project)
			}
		}
		return l.Skip()
	})
	if err != nil {
		return parseError("identity", err)
	}
	if err := read.kind.UnmarshalText([]byte(kind)); err != nil {
		return err
	}
	return i.set(read)
}
