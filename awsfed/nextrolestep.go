package awsfed

import (
	"fmt"

	"github.com/onafed/onafed/internal/quote"
)

// A nextRequest is a request for a role of a chain after the first one.
type nextRequest struct {
	role     *NextRole
	previous string // ARN of the role that signed it
	tags     bool   // the session gets or inherits tags of the chain
	identity bool   // the session gets or inherits a source identity
}

// nextRoleSteps returns the possible reasons of a refusal of AssumeRole, or "" if they are the same
// as for the first role of a chain.
func (e *AssumeRoleError) nextRoleSteps() string {
	switch code := codeOf(e.Err); {
	case code == codeAccessDenied:
		return e.deniedNextRoleSteps()
	case rejectsCredentials(code):
		return fmt.Sprintf("STS rejected new credentials of %s: check in order: %s", quote.Text(e.next.previous, maxShown), numbered([]string{
			"the endpoint is the STS that issued them, or one of the same partition",
			"the region of the endpoint is active in the account of that role, and accepts its session tokens",
			"the clock of this machine",
		}))
	case code == codeSignature:
		return "check the clock of this machine, and that no proxy changes the request"
	case code == codeValidation:
		return "check the requested duration (an hour at most in a chain, and the MaxSessionDuration of the role), the session name, the session tags (also inherited ones) and the session policy"
	}
	return ""
}

// deniedNextRoleSteps returns the possible reasons of AccessDenied. STS gives no reason for a role
// of another account.
func (e *AssumeRoleError) deniedNextRoleSteps() string {
	previous, role := quote.Text(e.next.previous, maxShown), quote.Text(e.RoleARN, maxShown)
	steps := []string{
		fmt.Sprintf("a permission policy of %s allows sts:AssumeRole for %s", previous, role),
		fmt.Sprintf("%s exists, and its trust policy allows sts:AssumeRole for the principal AWS %s", role, previous),
	}
	if e.next.role.ExternalID != "" {
		steps = append(steps, "its condition sts:ExternalId has the external ID that was sent (ExternalID, case-sensitive)")
	} else {
		steps = append(steps, "it has no condition sts:ExternalId, because no external ID was sent (ExternalID)")
	}
	if e.next.tags {
		steps = append(steps, "both policies also allow sts:TagSession, which tags need, also inherited ones")
	}
	if e.next.identity {
		steps = append(steps, "both policies also allow sts:SetSourceIdentity, which a source identity needs, also an inherited one")
	}
	steps = append(steps,
		"no session policy, permissions boundary, policy of the organization or VPC endpoint policy denies it",
		"a change of a policy takes effect after some seconds",
	)
	return "check in order: " + numbered(steps)
}
