package awsfedtest

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/onafed/onafed/awsfed/trust"
	"github.com/onafed/onafed/internal/arn"
	"github.com/onafed/onafed/internal/quote"
)

// A Role is an IAM role.
type Role struct {
	// ARN is the ARN of the role, such as "arn:aws:iam::123456789012:role/deploy". It may have a
	// path.
	ARN string
	// TrustPolicy decides which calls may assume the role. The zero policy refuses all calls.
	TrustPolicy trust.Policy
	// MaxSessionDuration is the longest session, from 1 to 12 hours; 0 means AWS's default of one
	// hour. With [STSOptions.MinDuration] it may be shorter, and is then also the default duration
	// of a session.
	MaxSessionDuration time.Duration
}

// PutRole adds a role, or replaces the role with the same ARN. Existing sessions stay valid.
func (s *STS) PutRole(r Role) error {
	shown := quote.Text(r.ARN, 200)
	if _, err := parseRoleARN(r.ARN); err != nil {
		return fmt.Errorf("awsfedtest: role %s: %w", shown, err)
	}
	if r.MaxSessionDuration == 0 {
		r.MaxSessionDuration = defaultSession
	}
	if r.MaxSessionDuration < s.minMaximum || r.MaxSessionDuration > maxSession {
		return fmt.Errorf("awsfedtest: role %s: MaxSessionDuration %v is not between %v and %v", shown, r.MaxSessionDuration, s.minMaximum, maxSession)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.roles[r.ARN] = r
	return nil
}

// DeleteRole removes a role. Existing sessions stay valid.
func (s *STS) DeleteRole(arn string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.roles, arn)
}

func (s *STS) role(arn string) (Role, bool) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	r, ok := s.roles[arn]
	return r, ok
}

// parseRoleARN parses arn:PARTITION:iam::ACCOUNT:role/PATH/NAME.
func parseRoleARN(s string) (arn.ARN, error) {
	a, ok := arn.Parse(s)
	if !ok || !arn.IsPartition(a.Partition) || a.Service != "iam" || a.Region != "" {
		return arn.ARN{}, errors.New("not of the form arn:aws:iam::<account>:role/<name>")
	}
	if !arn.IsAccount(a.Account) {
		return arn.ARN{}, errors.New("the account is not 12 digits")
	}
	path, name, ok := a.Role()
	printable := !strings.ContainsFunc(path, func(r rune) bool { return r <= ' ' || r > '~' })
	if !ok || !printable || !arn.IsName(name) || len(name) > 64 {
		return arn.ARN{}, errors.New("not the ARN of a role")
	}
	return a, nil
}
