// Package profiles reads the file of "idp login aws --file": the profiles of one login.
package profiles

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"go.yaml.in/yaml/v4"
	"go.yaml.in/yaml/v4/plugin/loaderlimits"

	"github.com/onafed/onafed/cmd/onafed/internal/exit"
	"github.com/onafed/onafed/cmd/onafed/internal/role"
	"github.com/onafed/onafed/cmd/onafed/internal/terminal"
	"github.com/onafed/onafed/internal/quote"
)

const (
	// maxFile is the largest file in bytes.
	maxFile = 1 << 20
	// maxProfiles is the most profiles in a file. Each costs two or three requests to STS.
	maxProfiles = 200
	// maxDepth bounds the nesting. A tag of a role in a chain has depth 5.
	maxDepth = 16
	// maxErrors is how many mistakes are printed.
	maxErrors = 20
)

// Profile is one profile of the file.
type Profile struct {
	Name string
	// Mode is the mode of the login: "file", "process", or empty for the default.
	Mode string
	// Region is a setting of the profile, and the region of STS.
	Region string

	RoleARN         string
	SessionName     string
	DurationSeconds int
	PolicyFile      string // absolute if the path of the file is
	PolicyARNs      []string
	Chain           []role.NextRole

	// Line is the line of the profile in the file.
	Line int
}

// Flags returns the flags with the role of the profile.
func (p *Profile) Flags(f role.Flags) role.Flags {
	f.RoleARN, f.RoleSessionName, f.DurationSeconds, f.Region = p.RoleARN, p.SessionName, p.DurationSeconds, p.Region
	f.PolicyFile, f.PolicyARNs, f.NextRole = p.PolicyFile, p.PolicyARNs, p.Chain
	return f
}

// Error is a mistake in a file. Lines and columns count from 1.
type Error struct {
	Line, Column int
	Reason       string
}

// Errors are the mistakes in a file, in the order of their positions.
type Errors []Error

// Error returns a line for each mistake, up to 20.
func (e Errors) Error() string {
	var b strings.Builder
	for i, one := range e {
		if i == maxErrors {
			fmt.Fprintf(&b, "\n... and %d more", len(e)-i)
			break
		}
		if i > 0 {
			b.WriteByte('\n')
		}
		fmt.Fprintf(&b, "line %d, column %d: %s", one.Line, one.Column, one.Reason)
	}
	return b.String()
}

// Read reads a file, or standard input for the path "-". An error has the exit status 2.
func Read(path string, t *terminal.Terminal) ([]Profile, error) {
	return read(path, t, new(reader))
}

// ReadWithPolicies is [Read] for a program that needs the session policies. It also reports policy
// files that cannot be used.
func ReadWithPolicies(path string, t *terminal.Terminal) ([]Profile, error) {
	return read(path, t, &reader{readsPolicies: true})
}

func read(path string, t *terminal.Terminal, r *reader) ([]Profile, error) {
	text, err := t.ReadFile(path)
	if err != nil {
		return nil, exit.Unanswered(err)
	}
	dir := ""
	if path != "-" {
		dir = filepath.Dir(path)
	}
	if dir, err = filepath.Abs(dir); err != nil {
		return nil, exit.Unanswered(err)
	}
	all, err := r.parse(text, dir)
	if err != nil {
		return nil, exit.Unanswered(fmt.Errorf("%s: %w", quote.Path(path), err))
	}
	return all, nil
}

// Parse reads the text of a file: YAML or JSON with a list of profiles. Relative paths in it are
// relative to dir. The error is [Errors] if it has positions.
func Parse(text, dir string) ([]Profile, error) { return new(reader).parse(text, dir) }

func (r *reader) parse(text, dir string) ([]Profile, error) {
	if len(text) > maxFile {
		return nil, fmt.Errorf("%d bytes; a file of profiles has at most %d", len(text), maxFile)
	}
	document, err := load(text)
	if err != nil {
		return nil, err
	}
	r.plain(document)
	if len(r.errs) > 0 {
		return nil, r.errs
	}
	all := r.file(document.Content[0], dir)
	if len(r.errs) > 0 {
		r.sort()
		return nil, r.errs
	}
	return all, nil
}

// load returns the only document of a text.
func load(text string) (*yaml.Node, error) {
	limits := loaderlimits.New(loaderlimits.DepthValue(maxDepth), loaderlimits.AliasValue(0))
	l, err := yaml.NewLoader(strings.NewReader(text), yaml.WithPlugin(limits))
	if err != nil {
		return nil, err
	}
	var document, second yaml.Node
	switch err := l.Load(&document); {
	case errors.Is(err, io.EOF) || err == nil && len(document.Content) != 1:
		return nil, errors.New("it is empty: write a list of profiles")
	case err != nil:
		return nil, syntaxError(err)
	}
	switch err := l.Load(&second); {
	case errors.Is(err, io.EOF):
		return &document, nil
	case err != nil:
		return nil, syntaxError(err)
	}
	return nil, Errors{{second.Line, second.Column, "a second document begins: write all profiles in one list"}}
}

// syntaxError returns the position and the reason in an error of the YAML library.
func syntaxError(err error) error {
	wrong, ok := errors.AsType[*yaml.LoadError](err)
	if !ok || wrong.Mark.Line == 0 {
		return errors.New("it is not YAML: " + quote.Text(err.Error(), 200))
	}
	return Errors{{wrong.Mark.Line, wrong.Mark.Column, wrong.Message}}
}

// file reads the list.
func (r *reader) file(n *yaml.Node, dir string) []Profile {
	if n.Kind == yaml.SequenceNode && len(n.Content) > maxProfiles {
		r.fail(n.Content[maxProfiles], "the file has %d profiles, more than %d: split it", len(n.Content), maxProfiles)
		return nil
	}
	if n.Kind == yaml.SequenceNode && len(n.Content) == 0 {
		r.fail(n, "the list is empty: write at least one profile")
		return nil
	}
	var all []Profile
	lines := make(map[string]int)
	r.list(n, func(item *yaml.Node) {
		p, name := r.profile(item, dir)
		if first := lines[p.Name]; first != 0 {
			r.fail(name, "the profile %s is also on line %d", quote.Text(p.Name, 60), first)
		} else if p.Name != "" {
			lines[p.Name] = name.Line
		}
		all = append(all, p)
	})
	return all
}

// profile reads a profile, and returns the node of its name.
func (r *reader) profile(n *yaml.Node, dir string) (p Profile, name *yaml.Node) {
	p.Line, name = n.Line, n
	given := make(map[string]*yaml.Node)
	as := func(member string, read func(*yaml.Node)) func(*yaml.Node) {
		return func(n *yaml.Node) { given[member] = n; read(n) }
	}
	r.object(n, map[string]func(*yaml.Node){
		"profile":         as("profile", func(n *yaml.Node) { p.Name = r.text(n) }),
		"mode":            as("mode", func(n *yaml.Node) { p.Mode = r.mode(n) }),
		"region":          as("Region", func(n *yaml.Node) { p.Region = r.region(n) }),
		"role":            as("roleARN", func(n *yaml.Node) { p.RoleARN = r.text(n) }),
		"sessionName":     as("SessionName", func(n *yaml.Node) { p.SessionName = r.text(n) }),
		"durationSeconds": as("Duration", func(n *yaml.Node) { p.DurationSeconds = r.number(n, 1, role.MaxSeconds) }),
		"policyFile":      as("Policy", func(n *yaml.Node) { p.PolicyFile = r.path(n, dir) }),
		"policyArns":      as("PolicyARNs", func(n *yaml.Node) { p.PolicyARNs = r.texts(n) }),
		"chain":           as("Chain", func(n *yaml.Node) { p.Chain = r.chain(n, dir, given) }),
	})
	if n.Kind != yaml.MappingNode {
		return p, name
	}
	if at := given["profile"]; at != nil {
		name = at
		r.profileName(at, p.Name)
	} else {
		r.fail(n, "the member profile is missing")
	}
	if given["roleARN"] == nil {
		r.fail(n, "the member role is missing")
	}
	if at := given["Policy"]; len(p.Chain) > 0 && (at != nil || given["PolicyARNs"] != nil) {
		if at == nil {
			at = given["PolicyARNs"]
		}
		r.fail(at, "a session policy of the first role does not limit the last one: write it in the last role of the chain")
	}
	r.check(&p, given)
	return p, name
}

// chain reads the roles of a chain. Their members are added to given by the names of the library.
func (r *reader) chain(n *yaml.Node, dir string, given map[string]*yaml.Node) (chain []role.NextRole) {
	r.list(n, func(n *yaml.Node) {
		var next role.NextRole
		as := func(member string, read func(*yaml.Node)) func(*yaml.Node) {
			option := fmt.Sprintf("Chain[%d].%s", len(chain), member)
			return func(n *yaml.Node) { given[option] = n; read(n) }
		}
		tags := func(transitive bool) func(*yaml.Node) {
			return func(n *yaml.Node) { r.tags(n, &next, transitive) }
		}
		r.object(n, map[string]func(*yaml.Node){
			"role":            as("RoleARN", func(n *yaml.Node) { next.RoleARN = r.text(n) }),
			"externalId":      as("ExternalID", func(n *yaml.Node) { next.ExternalID = r.text(n) }),
			"sessionName":     as("SessionName", func(n *yaml.Node) { next.SessionName = r.text(n) }),
			"durationSeconds": as("Duration", func(n *yaml.Node) { next.Duration = seconds(r.number(n, 1, role.MaxChainSeconds)) }),
			"sourceIdentity":  as("SourceIdentity", func(n *yaml.Node) { next.SourceIdentity = r.text(n) }),
			"tags":            as("Tags", tags(false)),
			"transitiveTags":  as("TransitiveTagKeys", tags(true)),
			"policyFile":      as("Policy", func(n *yaml.Node) { next.PolicyFile = r.path(n, dir) }),
			"policyArns":      as("PolicyARNs", func(n *yaml.Node) { next.PolicyARNs = r.texts(n) }),
		})
		given[fmt.Sprintf("Chain[%d]", len(chain))] = n
		if n.Kind == yaml.MappingNode && given[fmt.Sprintf("Chain[%d].RoleARN", len(chain))] == nil {
			r.fail(n, "the member role is missing")
		}
		chain = append(chain, next)
	})
	return chain
}

func (r *reader) tags(n *yaml.Node, next *role.NextRole, transitive bool) {
	r.pairs(n, func(name string, key, value *yaml.Node) {
		text := ""
		if value.Kind != yaml.ScalarNode || value.ShortTag() != "!!str" || value.Value != "" { // the value of a tag may be ""
			text = r.text(value)
		}
		if err := next.SetTag(name, text, transitive); err != nil {
			r.fail(key, "%s", err)
		}
	})
}

func (r *reader) texts(n *yaml.Node) (all []string) {
	r.list(n, func(n *yaml.Node) { all = append(all, r.text(n)) })
	return all
}

// path reads the path of a file, which is relative to dir.
func (r *reader) path(n *yaml.Node, dir string) string {
	path := r.text(n)
	if path == "" || filepath.IsAbs(path) || os.IsPathSeparator(path[0]) { // on Windows, a path without a drive is not absolute
		return path
	}
	return filepath.Join(dir, path)
}

func (r *reader) mode(n *yaml.Node) string {
	mode := r.text(n)
	if mode != "" && mode != "file" && mode != "process" {
		r.fail(n, "%s: want file or process", quote.Text(mode, 20))
	}
	return mode
}

// region reads the name of a region.
func (r *reader) region(n *yaml.Node) string {
	region := r.text(n)
	if err := role.CheckRegion(region); err != nil {
		r.fail(n, "%v", err)
	}
	return region
}
