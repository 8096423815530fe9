package policyfile

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/onafed/onafed/cmd/onafed/internal/terminal"
)

// stack is a CloudFormation template.
type stack struct {
	Version   string                   `json:"AWSTemplateFormatVersion"`
	Resources map[string]stackResource `json:"Resources"`
}

type stackResource struct {
	Type       string         `json:"Type"`
	Properties roleProperties `json:"Properties"`
}

type roleProperties struct {
	RoleName string          `json:"RoleName,omitempty"`
	Document json.RawMessage `json:"AssumeRolePolicyDocument"`
}

// CloudFormation returns a template with each role. The policy is an object in it, and nothing is
// substituted, because "${" has a meaning only in Fn::Sub. A dynamic reference is replaced in every
// string (CloudFormation User Guide, "Get values stored in other services using dynamic
// references"), and there is no escape for it, so a policy that contains one is an error.
func CloudFormation(roles []Role) (string, error) {
	s := stack{Version: "2010-09-09", Resources: make(map[string]stackResource)}
	for _, r := range roles {
		text, err := r.Policy.MarshalJSON()
		if err != nil {
			return "", err
		}
		if bytes.Contains(bytes.ToLower(text), []byte("{{resolve")) {
			return "", errors.New("the policy has a value with {{resolve in it, which CloudFormation replaces by a parameter or a secret: remove the value, because no token contains it")
		}
		id := logicalID(r.Name)
		if _, taken := s.Resources[id]; taken {
			return "", fmt.Errorf("two roles have the CloudFormation name %s: rename %+q", id, r.Name)
		}
		s.Resources[id] = stackResource{"AWS::IAM::Role", roleProperties{r.Name, text}}
	}
	text, err := terminal.JSON(s)
	return string(text), err
}

// logicalID returns the name of a role as a CloudFormation logical ID: letters and digits.
func logicalID(role string) string {
	return "Role" + strings.Map(func(r rune) rune {
		if isLetterOrDigit(r) {
			return r
		}
		return -1
	}, role)
}
