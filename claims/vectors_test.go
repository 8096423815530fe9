package claims_test

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/onafed/onafed/claims"
)

// vector is one file of testdata/vectors. The README there describes the members.
type vector struct {
	Comment     string
	Input       *string
	InputBase64 *string `json:"input_base64"`
	Expect      string
	Offset      *int

	Layout      []string
	Segments    [][2]string
	Readings    [][][2]string
	Kind        string
	Version     string
	Identity    *vectorIdentity
	Audience    []string
	Exp, Iat    float64
	Part        string
	Alg, Kid    string
	ID          string
	HasIdentity bool `json:"-"` // the file has a member identity
}

type vectorIdentity struct {
	Kind, ID, Organization, Project string
	SessionName                     string `json:"session_name"`
}

func identityOf(id claims.Identity, err error) *vectorIdentity {
	if err != nil {
		return nil
	}
	return &vectorIdentity{id.Kind().String(), id.ID(), id.Organization(), id.Project(), id.SessionName()}
}

func TestVectors(t *testing.T) {
	t.Parallel()
	run := map[string]func(*testing.T, string, vector) error{
		"subject":      vectorSubject,
		"subject-v3":   vectorSubjectV3,
		"payload":      vectorPayload,
		"token":        vectorToken,
		"session-name": vectorSessionName,
	}
	root := os.DirFS("testdata/vectors")
	n := 0
	err := fs.WalkDir(root, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || path.Ext(name) != ".json" {
			return err
		}
		n++
		data, err := fs.ReadFile(root, name)
		if err != nil {
			return err
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			v, input := readVector(t, data)
			check := run[path.Dir(name)]
			if check == nil {
				t.Fatal("unknown folder")
			}
			err := check(t, input, v)
			if got := outcome(err); got != v.Expect {
				t.Fatalf("%s (%v), want %s", got, err, v.Expect)
			}
			if v.Offset != nil && offsetOf(err) != *v.Offset {
				t.Errorf("%v, want offset %d", err, *v.Offset)
			}
		})
		return nil
	})
	if err != nil || n < 90 {
		t.Errorf("%d vectors, %v", n, err)
	}
}

func readVector(t *testing.T, data []byte) (v vector, input string) {
	t.Helper()
	var members map[string]json.RawMessage
	if err := json.Unmarshal(data, &members); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(data, &v); err != nil {
		t.Fatal(err)
	}
	_, v.HasIdentity = members["identity"]
	if v.Input != nil {
		return v, *v.Input
	}
	b, err := base64.StdEncoding.DecodeString(*v.InputBase64)
	if err != nil {
		t.Fatal(err)
	}
	return v, string(b)
}

func outcome(err error) string {
	var ae *claims.AmbiguousSubjectError
	switch {
	case err == nil:
		return "accept"
	case errors.As(err, &ae):
		return "ambiguous"
	default:
		return "refuse"
	}
}

func offsetOf(err error) int {
	var se *claims.SubjectError
	var pe *claims.ParseError
	switch {
	case errors.As(err, &se):
		return se.Offset
	case errors.As(err, &pe):
		return pe.Offset
	default:
		return -1
	}
}

func vectorSubject(t *testing.T, input string, v vector) error {
	t.Helper()
	s, err := claims.ParseSubject(input)
	if err != nil {
		return err
	}
	var segs [][2]string
	for seg := range s.Segments() {
		segs = append(segs, [2]string{string(seg.Key), seg.Value})
	}
	if diff := cmp.Diff(v.Segments, segs); diff != "" {
		t.Errorf("segments (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(v.Identity, identityOf(s.Identity())); diff != "" {
		t.Errorf("identity (-want +got):\n%s", diff)
	}
	return nil
}

func vectorSubjectV3(t *testing.T, input string, v vector) error {
	t.Helper()
	l, err := claims.NewLayout(v.Layout...)
	if err != nil {
		t.Fatal(err)
	}
	s, err := l.Parse(input)
	readings := []claims.SubjectV3{s}
	var ae *claims.AmbiguousSubjectError
	if errors.As(err, &ae) {
		readings = ae.Readings
	} else if err != nil {
		return err
	}
	var got [][][2]string
	for _, r := range readings {
		got = append(got, plainPairs(r.Pairs))
	}
	byText := func(a, b [][2]string) int {
		return slices.CompareFunc(a, b, func(x, y [2]string) int { return slices.Compare(x[:], y[:]) })
	}
	slices.SortFunc(got, byText)
	slices.SortFunc(v.Readings, byText)
	if diff := cmp.Diff(v.Readings, got); diff != "" {
		t.Errorf("readings (-want +got):\n%s", diff)
	}
	if err == nil && s.Kind.String() != v.Kind {
		t.Errorf("kind %v, want %s", s.Kind, v.Kind)
	}
	return err
}

func vectorPayload(t *testing.T, input string, v vector) error {
	t.Helper()
	c, err := claims.Parse([]byte(input))
	if err != nil {
		return err
	}
	if got := c.Version().String(); got != v.Version {
		t.Errorf("version %s, want %s", got, v.Version)
	}
	if !v.HasIdentity {
		t.Error("the vector has no identity")
	}
	id, err := c.Identity()
	if diff := cmp.Diff(v.Identity, identityOf(id, err)); diff != "" {
		t.Errorf("identity (-want +got):\n%s", diff)
	}
	if v.Audience != nil && !slices.Equal(v.Audience, c.Audience) {
		t.Errorf("audience %q, want %q", c.Audience, v.Audience)
	}
	if v.Exp != 0 && float64(c.Expiry.UnixMilli())/1e3 != v.Exp || v.Iat != 0 && float64(c.IssuedAt.UnixMilli())/1e3 != v.Iat {
		t.Errorf("exp %v, iat %v, want %v, %v", c.Expiry, c.IssuedAt, v.Exp, v.Iat)
	}
	return nil
}

func vectorToken(t *testing.T, input string, v vector) error {
	t.Helper()
	h, c, err := claims.ParseUnverified(input)
	if err != nil {
		var pe *claims.ParseError
		if !errors.As(err, &pe) || pe.Part != v.Part {
			t.Errorf("%v, want an error about the %s", err, v.Part)
		}
		return err
	}
	if h.Algorithm != v.Alg || h.KeyID != v.Kid || c.Version().String() != v.Version {
		t.Errorf("alg %q, kid %q, version %v, want %q, %q, %s", h.Algorithm, h.KeyID, c.Version(), v.Alg, v.Kid, v.Version)
	}
	return nil
}

func vectorSessionName(t *testing.T, input string, v vector) error {
	t.Helper()
	kind, id, err := claims.ParseSessionName(input)
	if err == nil && (kind.String() != v.Kind || id != v.ID) {
		t.Errorf("%v %q, want %s %q", kind, id, v.Kind, v.ID)
	}
	return err
}
