package doctor

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"
	"time"

	"github.com/onafed/onafed/awsfed/export"
	"github.com/onafed/onafed/cmd/onafed/internal/credentials"
	"github.com/onafed/onafed/cmd/onafed/internal/flags"
	"github.com/onafed/onafed/cmd/onafed/internal/login"
	"github.com/onafed/onafed/cmd/onafed/internal/profiles"
	"github.com/onafed/onafed/cmd/onafed/internal/role"
	"github.com/onafed/onafed/cmd/onafed/internal/terminal"
	"github.com/onafed/onafed/internal/quote"
)

const (
	profileCheck   = "profile"
	profileTimeout = time.Minute // as long as SDKs wait for a credential_process
)

// profiles checks the profiles of --file: whether the shared files have them as the file says, and
// whether an SDK gets credentials of the role.
func (e *examination) profiles(ctx context.Context, all []profiles.Profile) {
	config, err := export.NewConfigFile("", e.fileOptions())
	if err != nil {
		return // configFile has reported it
	}
	keys, err := export.NewCredentialsFile("", e.fileOptions())
	if err != nil {
		return
	}
	for i := range all {
		p := profile{Profile: &all[i], config: config, keys: keys, login: "onafed idp login aws --file " + quote.Path(e.command.File)}
		mode, problem, fix := p.written()
		if problem != "" {
			e.problem(profileCheck, fmt.Sprintf("%+q: %s", p.Name, problem), fix)
			continue
		}
		e.use(ctx, &p, mode)
	}
}

// use gets credentials of a profile as an SDK does.
func (e *examination) use(ctx context.Context, p *profile, mode string) {
	ctx, cancel := context.WithTimeout(ctx, profileTimeout)
	defer cancel()
	f := p.Flags(*e.flags())
	last := f.LastRole()
	c, identity, err := login.UseProfile(ctx, p.Name, &f)
	switch {
	case err != nil:
		e.problem(profileCheck, fmt.Sprintf("%+q: an SDK that reads it gets no credentials: %s", p.Name, flags.Error(err)),
			"correct the cause, or write the profile again with "+p.login)
		return
	case !role.IsSession(identity, last):
		e.problem(profileCheck, fmt.Sprintf("%+q: an SDK that reads it has the identity %s, and the file has %s", p.Name, identity, last), "write it again with "+p.login)
		return
	}
	expires, until := p.expires, "mode "+mode
	if mode == "process" {
		expires = c.Expires
	}
	if !expires.IsZero() {
		until += ", for " + time.Until(expires).Round(time.Second).String()
	}
	if len(f.NextRole) > 0 {
		until += fmt.Sprintf(", a chain of %d roles from %s", 1+len(f.NextRole), f.RoleARN)
	}
	e.ok(profileCheck, "%+q: %s, %s", p.Name, identity, until)
}

// profile is a profile of the file, with the shared files.
type profile struct {
	*profiles.Profile
	config, keys *export.File
	login        string // the command that writes the file again
	expires      time.Time
}

// written returns the mode in which the profile is written, or how it differs from the file and the
// fix.
func (p *profile) written() (mode, problem, fix string) {
	inKeys, err := p.keys.Inspect(p.Name)
	if err != nil {
		return "", err.Error(), fileFix(err, terminal.WithoutHome(p.keys.Path()))
	}
	inConfig, err := p.config.Inspect(p.Name)
	if err != nil {
		return "", err.Error(), fileFix(err, terminal.WithoutHome(p.config.Path()))
	}
	again := "write it with " + p.login
	if p.Mode == "" && inConfig.Process != "" && inKeys.Keys == export.NoKeys {
		again += " --mode process" // the default mode would replace the process with keys
	}
	kind := inKeys.Keys
	p.expires = inKeys.Expires
	if kind == export.NoKeys {
		kind, p.expires = inConfig.Keys, inConfig.Expires
	}
	switch {
	case len(inConfig.Sources) > 0:
		return "", "it has " + strings.Join(inConfig.Sources, ", ") + ", which the AWS CLI or an SDK prefers", again + " --overwrite"
	case kind == export.LongTermKeys:
		return "", "it has long-term keys: SDKs use them, not the role", again + " --overwrite"
	case kind == export.NoKeys && inConfig.Process == "":
		return "", "it is not written", again
	case kind != export.NoKeys && p.Mode == "process":
		return "", "it has keys, and the file has the mode process", again
	case kind == export.NoKeys && p.Mode == "file":
		return "", "it has a credential_process, and the file has the mode file", again
	case kind != export.NoKeys && !p.expires.IsZero() && time.Now().After(p.expires):
		return "", "its keys expired at " + p.expires.UTC().Format(time.RFC3339), again
	}
	if problem := p.regionDiffers(); problem != "" {
		return "", problem, again
	}
	if kind != export.NoKeys {
		return "file", "", ""
	}
	if problem := p.lineDiffers(inConfig.Process); problem != "" {
		return "", problem, again
	}
	return "process", "", ""
}

func (p *profile) regionDiffers() string {
	region, _, err := p.config.Lookup(p.Name, "region")
	switch {
	case err != nil:
		return err.Error()
	case p.Region != "" && region != p.Region:
		return fmt.Sprintf("its region is %+q, and the file has %+q", region, p.Region)
	}
	return ""
}

// lineDiffers compares a credential_process with the file. Where the token comes from is not
// compared, because the file does not contain it.
func (p *profile) lineDiffers(line string) string {
	words, ok := splitWords(line)
	if !ok || len(words) < 3 || words[1] != "aws" || words[2] != "credential-process" {
		return "its credential_process runs another program, and not onafed aws credential-process"
	}
	written, ok := credentials.ParseProcess(words[3:])
	if !ok {
		return "its credential_process has arguments that onafed does not write"
	}
	got, err := roleArguments(&written.Flags)
	if err != nil {
		return err.Error()
	}
	f := p.Flags(role.Flags{})
	want, err := roleArguments(&f)
	if err != nil {
		return err.Error()
	}
	if i := firstDifference(got, want); i >= 0 {
		return fmt.Sprintf("its credential_process has %s, and the file has %s", argument(got, i), argument(want, i))
	}
	return ""
}

// roleArguments returns the arguments of a line that are in the file.
func roleArguments(f *role.Flags) ([]string, error) {
	only := *f
	only.Audience = ""
	return only.RoleArguments()
}

// firstDifference returns the index of the first flag or value that differs, or -1.
func firstDifference(a, b []string) int {
	for i := range max(len(a), len(b)) {
		if i >= len(a) || i >= len(b) || a[i] != b[i] {
			return i
		}
	}
	return -1
}

// argument returns the flag and the value at an index.
func argument(args []string, i int) string {
	i -= i % 2
	if i+1 >= len(args) {
		return "not"
	}
	return args[i] + " " + quote.Text(args[i+1], 300)
}

// splitWords splits a line that export.CommandLine made: words are separated by blanks, and a
// backslash quotes the character after it, except on Windows.
func splitWords(line string) (words []string, ok bool) {
	var word strings.Builder
	inWord := false
	for i := 0; i < len(line); i++ {
		c := line[i]
		switch {
		case c == '"' || c == '\'':
			return nil, false
		case c == '\\' && filepath.Separator == '/' && i+1 < len(line):
			i++
			word.WriteByte(line[i])
			inWord = true
		case c != ' ' && c != '\t':
			word.WriteByte(c)
			inWord = true
		case inWord:
			words = append(words, word.String())
			word.Reset()
			inWord = false
		}
	}
	if inWord {
		words = append(words, word.String())
	}
	return words, true
}

// checkFlags returns an error for a flag that has no meaning together with --file.
func (c *Command) checkFlags(roleOfEnvironment string) error {
	for _, f := range []struct {
		flag  string
		given bool
	}{
		{"role-arn", c.RoleARN != roleOfEnvironment},
		{"profile", c.Profile != ""},
		{"policy", c.Policy != ""},
		{"duration-seconds", c.DurationSeconds != 0},
		{"region", c.Region != ""},
	} {
		if f.given {
			return fmt.Errorf("--%s cannot be used with --file, which has the roles and profiles to check", f.flag)
		}
	}
	return nil
}
