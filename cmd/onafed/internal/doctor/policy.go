package doctor

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/onafed/onafed/awsfed/trust"
	"github.com/onafed/onafed/awsfed/trust/lint"
	"github.com/onafed/onafed/cmd/onafed/internal/explain"
	"github.com/onafed/onafed/cmd/onafed/internal/policyfile"
	"github.com/onafed/onafed/cmd/onafed/internal/terminal"
)

// trustPolicy evaluates the trust policy, if it can be read. It prints no value of the policy,
// because patterns, too, may contain e-mail addresses.
//
// It returns the policies of --policy.
func (e *examination) trustPolicy(t *terminal.Terminal) (files []policyfile.Document) {
	const name = "trust policy"
	documents, err := e.documents(t)
	if err == nil && e.command.Policy != "" {
		files = documents
	}
	switch {
	case e.token == nil:
		e.skipped(name, "there is no token to evaluate it with")
		return files
	case err != nil && e.command.Policy != "":
		e.problem(name, err.Error(), "use the policy, or the output of aws iam get-role, with --policy")
		return nil
	case err != nil:
		e.skipped(name, err.Error()+". Use --policy FILE: AWS does not say which condition refuses a token")
		return nil
	}
	for _, d := range documents {
		if d.Err != nil {
			e.problem(name, d.Err.Error(), "correct the document")
			continue
		}
		e.evaluate(name, d)
	}
	return files
}

// evaluate reports the decision on one policy, and the errors that lint finds in it.
func (e *examination) evaluate(name string, d policyfile.Document) {
	c := e.token.Claims()
	decision := d.Policy.Evaluate(trust.NewRequest(c, explain.Params(c, d, e.command.RoleARN)))
	if decision.Allowed() {
		e.ok(name, "allows the token")
	} else {
		e.problem(name, failed(decision), "onafed aws explain shows what each condition needs and what the token has")
	}
	for _, f := range lint.RolePolicy(d.Policy, cmp.Or(e.command.RoleARN, d.RoleARN)) {
		if f.Severity == lint.Error {
			e.problem(name, fmt.Sprintf("statement %d: %s: %s", f.Statement+1, f.ID, f.Why), "onafed aws lint shows the value, and --fix corrects some findings")
		}
	}
}

// documents returns the policy of --policy, or the role's policy in IAM.
func (e *examination) documents(t *terminal.Terminal) ([]policyfile.Document, error) {
	if e.command.Policy != "" {
		return policyfile.ReadSome(e.command.Policy, t)
	}
	return []policyfile.Document{e.account.role.Document}, e.account.roleErr
}

// failed returns the outcome and the conditions that do not hold, without their values.
func failed(d trust.Decision) string {
	var b strings.Builder
	b.WriteString(strings.ToLower(string(d.Outcome)))
	for _, s := range d.Explain().Statements {
		var parts []string
		if s.Principal.Result != trust.Matched {
			parts = append(parts, "the principal")
		}
		for _, c := range s.Conditions {
			if c.Result != trust.Matched {
				parts = append(parts, fmt.Sprintf("%+q of %+q", c.Operator, c.Key))
			}
		}
		switch {
		case s.Effect == trust.Deny && s.Result == trust.Matched:
			fmt.Fprintf(&b, "; statement %d denies it", s.Index+1)
		case s.Effect == trust.Allow && len(parts) > 0:
			fmt.Fprintf(&b, "; in statement %d these do not match: %s", s.Index+1, strings.Join(parts, ", "))
		}
	}
	return b.String()
}
