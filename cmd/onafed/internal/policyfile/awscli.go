package policyfile

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws/arn"

	"github.com/onafed/onafed/cmd/onafed/internal/terminal"
)

// scriptHead is the start of the script. "has" runs a command that reads from IAM. It must not take
// another failure, such as a missing permission, for a resource that does not exist.
const scriptHead = `set -eu
export AWS_PAGER=

# has COMMAND...: reports whether IAM has what the command reads.
has() {
  if problem=$(aws iam "$@" 2>&1 >/dev/null); then
    return 0
  fi
  case $problem in
  *'(NoSuchEntity)'*) return 1 ;;
  esac
  printf '%s\n' "$problem" >&2
  exit 1
}

# stop MESSAGE: ends the script.
stop() {
  printf '%s\n' "$1" >&2
  exit 1
}
`

// AWSCLI returns a script for a POSIX shell that creates the provider and the roles with the AWS
// CLI. It can run again: it then updates what differs, and it removes nothing. Each value is one
// word of the shell. Values that may look like a file or a URL to the AWS CLI are in JSON.
func AWSCLI(p *Provider, roles []Role) (string, error) {
	provider, err := arn.Parse(p.ARN)
	if err != nil {
		return "", err
	}
	s := &script{}
	s.line("#!/bin/sh")
	s.line("# Lets ID tokens of %s assume roles of the AWS account %s.", p.URL, provider.AccountID)
	s.line("# It needs the AWS CLI with credentials of that account. You can run it again: it updates what")
	s.line("# differs, replaces the trust policies of the roles, and removes nothing. It prints the ARNs of")
	s.line("# the roles.")
	s.WriteString(scriptHead)
	s.line("\ncaller=$(aws sts get-caller-identity --query Arn --output text)")
	s.line("case $caller in")
	s.line("arn:%s:*::%s:*) ;;", provider.Partition, provider.AccountID)
	s.line(`*) stop "the credentials are those of $caller, not of account %s in partition %s" ;;`, provider.AccountID, provider.Partition)
	s.line("esac")
	s.provider(p)
	for _, r := range roles {
		if r.Name == "" {
			return "", errors.New("a role has no name")
		}
		if err := s.role(provider, r); err != nil {
			return "", err
		}
	}
	return terminal.EscapeString(s.String()), nil
}

// script is the text of a script.
type script struct{ strings.Builder }

// line adds a line. Untrusted arguments must be words of the shell.
func (s *script) line(format string, args ...any) { fmt.Fprintf(s, format+"\n", args...) }

// provider adds the commands for the provider. They change an existing one only if it differs: its
// client IDs and thumbprints may have more users.
func (s *script) provider(p *Provider) {
	s.line("\nprovider=%s", terminal.ShellWord(p.ARN))
	s.line(`if has get-open-id-connect-provider --open-id-connect-provider-arn "$provider"; then`)
	for _, audience := range p.Audiences {
		s.line("  known=$(aws iam get-open-id-connect-provider --open-id-connect-provider-arn \"$provider\" \\")
		s.line("    --query %s --output json)", terminal.ShellWord("contains(ClientIDList || `[]`, `"+jmespathJSON(audience)+"`)"))
		if p.Exists {
			s.line(`  [ "$known" = true ] || stop %s`, terminal.ShellWord("the identity provider does not have the audience "+audience))
			continue
		}
		s.line(`  [ "$known" = true ] || aws iam add-client-id-to-open-id-connect-provider --cli-input-json %s >/dev/null`,
			shellJSON(map[string]string{"OpenIDConnectProviderArn": p.ARN, "ClientID": audience}))
	}
	if len(p.Thumbprints) > 0 && !p.Exists {
		s.line("  known=$(aws iam get-open-id-connect-provider --open-id-connect-provider-arn \"$provider\" \\")
		s.line("    --query %s --output text)", terminal.ShellWord("join(',', sort(ThumbprintList || `[]`))"))
		s.line(`  [ "$known" = %s ] || aws iam update-open-id-connect-provider-thumbprint \`, strings.Join(sorted(p.Thumbprints), ","))
		s.line(`    --open-id-connect-provider-arn "$provider" --thumbprint-list %s >/dev/null`, strings.Join(p.Thumbprints, " "))
	}
	s.line("else")
	if p.Exists {
		s.line(`  stop "the account has no identity provider $provider"`)
	} else {
		input := struct {
			URL            string   `json:"Url"`
			ClientIDList   []string `json:",omitempty"`
			ThumbprintList []string `json:",omitempty"`
			Tags           []Tag    `json:",omitempty"`
		}{p.URL, p.Audiences, p.Thumbprints, p.Tags}
		s.line("  aws iam create-open-id-connect-provider --cli-input-json %s >/dev/null", shellJSON(input))
	}
	s.line("fi")
}

// role adds the commands for a role in the account of the provider. The form --flag=value is for
// names that begin with a hyphen.
func (s *script) role(provider arn.ARN, r Role) error {
	policy, err := r.Policy.MarshalJSON()
	if err != nil {
		return err
	}
	s.line("\nrole=%s", terminal.ShellWord(r.Name))
	s.line("role_arn=%s", terminal.ShellWord("arn:"+provider.Partition+":iam::"+provider.AccountID+":role"+r.path()+r.Name))
	s.line("trust_policy=%s", terminal.ShellWord(string(policy)))
	s.line(`if has get-role --role-name="$role"; then`)
	s.line(`  known=$(aws iam get-role --role-name="$role" --query Role.Arn --output text)`)
	s.line(`  [ "$known" = "$role_arn" ] || stop "the role exists with another path: $known"`)
	s.line(`  aws iam update-assume-role-policy --role-name="$role" --policy-document "$trust_policy" >/dev/null`)
	more := ""
	if r.MaxSession != 0 {
		more += fmt.Sprintf(" \\\n    --max-session-duration %d", r.MaxSession)
		s.line(`  known=$(aws iam get-role --role-name="$role" --query Role.MaxSessionDuration --output json)`)
		s.line(`  [ "$known" = %d ] || aws iam update-role --role-name="$role" --max-session-duration %[1]d >/dev/null`, r.MaxSession)
	}
	if len(r.Tags) > 0 {
		more += " \\\n    --tags " + shellJSON(r.Tags)
		s.line(`  aws iam tag-role --role-name="$role" --tags %s >/dev/null`, shellJSON(r.Tags))
	}
	s.line("else")
	s.line("  aws iam create-role --role-name=\"$role\" --path %s \\\n    --assume-role-policy-document \"$trust_policy\"%s >/dev/null", terminal.ShellWord(r.path()), more)
	s.line("fi")
	for _, policy := range r.ManagedPolicies {
		s.line(`aws iam attach-role-policy --role-name="$role" --policy-arn %s >/dev/null`, terminal.ShellWord(policy))
	}
	if r.InlinePolicy != "" {
		s.line("aws iam put-role-policy --role-name=\"$role\" --policy-name %s \\\n  --policy-document %s >/dev/null", inlinePolicyName, terminal.ShellWord(r.InlinePolicy))
	}
	s.line(`printf '%%s\n' "$role_arn"`)
	return nil
}

// shellJSON returns a value as JSON in one word of the shell. Texts and structures of texts have no
// value without JSON.
func shellJSON(v any) string { return terminal.ShellWord(plainJSON(v)) }

// jmespathJSON returns a text as JSON for a literal of JMESPath, which a backtick ends.
func jmespathJSON(s string) string { return strings.ReplaceAll(plainJSON(s), "`", `\u0060`) }

func plainJSON(v any) string {
	var b strings.Builder
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return "" // unreachable
	}
	return strings.TrimSuffix(b.String(), "\n")
}

func sorted(s []string) []string { s = slices.Clone(s); slices.Sort(s); return s }
