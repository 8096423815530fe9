// Package policyfile reads trust policies from the output of the AWS CLI and Terraform, and writes
// them, and what an account needs for them, as JSON, Terraform, CloudFormation and commands of the AWS
// CLI.
package policyfile

import (
	"fmt"
	"net/url"
	"strings"

	"github.com/onafed/onafed/awsfed/trust"
	"github.com/onafed/onafed/cmd/onafed/internal/terminal"
	"github.com/onafed/onafed/internal/quote"
	"github.com/onafed/onafed/internal/strictjson"
)

// Document is a trust policy with the role that it belongs to. Names and addresses come from the
// input unchanged: print them quoted.
type Document struct {
	// RoleName and RoleARN are empty if the input does not contain them: a policy without a role,
	// or an ARN that Terraform knows only after apply.
	RoleName, RoleARN string
	// Address is Terraform's address of the role, for example module.ci.aws_iam_role.deploy[0]. It
	// is empty for other input.
	Address string
	// Policy is the trust policy; the zero Policy if Err is set.
	Policy trust.Policy
	// Err is the reason why this policy cannot be read: a *trust.ParseError with positions in the
	// whole input, or an error for a policy that Terraform does not know yet.
	Err error

	start    strictjson.Position // of the policy in the input
	inString bool                // positions in the policy say nothing about the input
}

// Position converts a position in the text of the policy to one in the input. Lines and columns
// count from 1. Both results are 0 for a policy that is a string in the input.
func (d Document) Position(line, column int) (inputLine, inputColumn int) {
	switch {
	case d.inString || line == 0:
		return 0, 0
	case line == 1:
		return d.start.Line(), d.start.Column() + column - 1
	}
	return d.start.Line() + line - 1, column
}

// Name returns the quoted name of the document's role for messages, and whether there is one.
func (d Document) Name() (name string, ok bool) {
	for _, name := range []string{d.Address, d.RoleARN, d.RoleName} {
		if name != "" {
			return fmt.Sprintf("%+q", name), true
		}
	}
	return "the policy", false
}

// Read returns the trust policies of a file, or of standard input for the path "-".
func Read(path string, t *terminal.Terminal) ([]Document, error) {
	text, err := t.ReadFile(path)
	if err != nil {
		return nil, err
	}
	all, err := Parse(text)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", quote.Path(path), err)
	}
	return all, nil
}

// ReadSome is [Read] for a file that must have at least one trust policy.
func ReadSome(path string, t *terminal.Terminal) ([]Document, error) {
	found, err := Read(path, t)
	if err == nil && len(found) == 0 {
		err = fmt.Errorf("%s has no trust policy", quote.Path(path))
	}
	return found, err
}

// parseString sets the policy of d from a string. The string is URL-encoded if it does not begin as
// JSON does. IAM encodes by RFC 3986, where a plus sign represents itself.
func (d *Document) parseString(text string) {
	d.inString = true
	if strings.HasPrefix(strings.TrimLeft(text, " \t\r\n"), "%") {
		decoded, err := url.PathUnescape(text)
		if err != nil {
			d.Err = &trust.ParseError{Reason: "the string is neither JSON nor URL-encoded JSON"}
			return
		}
		text = decoded
	}
	d.Policy, d.Err = trust.Parse([]byte(text))
}
