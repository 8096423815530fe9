package awsfed_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/aws-sdk-go-v2/service/sts/types"
	"github.com/google/go-cmp/cmp"
	"github.com/onafed/onafed/awsfed"
)

const (
	middleAccount = "222222222222"
	lastAccount   = "333333333333"
	middleRole    = "arn:aws:iam::" + middleAccount + ":role/middle"
	lastRole      = "arn:aws:iam::" + lastAccount + ":role/path/last"
)

// A chainService is a service with AssumeRole too. Its keys are AKID1 and so on of the first role,
// and the key that signed the request with the name of the role added: AKID1-middle1.
type chainService struct {
	*service
	next   []*sts.AssumeRoleInput
	keys   []string                 // that signed the requests
	lives  map[string]time.Duration // of the credentials of a role; an hour for others
	refuse func(roleARN, key string) error
	number map[string]int
	change func(*sts.AssumeRoleOutput) // of an answer; nil: no change
}

func newChainService() *chainService {
	return &chainService{service: newService(), lives: map[string]time.Duration{}, number: map[string]int{}}
}

func (s *chainService) AssumeRole(ctx context.Context, in *sts.AssumeRoleInput, optFns ...func(*sts.Options)) (*sts.AssumeRoleOutput, error) {
	var o sts.Options
	for _, fn := range optFns {
		fn(&o)
	}
	key, err := o.Credentials.Retrieve(ctx)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	s.calls++
	latency := s.latency
	s.next, s.keys = append(s.next, in), append(s.keys, key.AccessKeyID)
	s.mu.Unlock()
	if latency > 0 {
		select {
		case <-time.After(latency):
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.refuse != nil {
		if err := s.refuse(*in.RoleArn, key.AccessKeyID); err != nil {
			return nil, err
		}
	}
	if !time.Now().Before(s.ends[key.AccessKeyID]) {
		return nil, apiError("ExpiredToken", "The security token included in the request is expired")
	}
	parts := strings.Split(*in.RoleArn, ":")
	name := parts[5][strings.LastIndexByte(parts[5], '/')+1:]
	s.number[name]++
	life := s.lives[*in.RoleArn]
	if life == 0 {
		life = time.Hour
	}
	end := time.Now().Add(life)
	id := fmt.Sprintf("%s-%s%d", key.AccessKeyID, name, s.number[name])
	s.ends[id] = end
	out := &sts.AssumeRoleOutput{
		AssumedRoleUser: &types.AssumedRoleUser{Arn: aws.String("arn:aws:sts::" + parts[4] + ":assumed-role/" + name + "/" + *in.RoleSessionName)},
		SourceIdentity:  in.SourceIdentity,
		Credentials: &types.Credentials{
			AccessKeyId: aws.String(id), SecretAccessKey: aws.String("secret-of-" + id), SessionToken: aws.String("token-of-" + id), Expiration: aws.Time(end.UTC()),
		},
	}
	if s.change != nil {
		s.change(out)
	}
	return out, nil
}

// sent returns how many tokens were exchanged, and how many other requests there were.
func (s *chainService) sent() (exchanges, others int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.inputs), len(s.next)
}

// two sets a chain of two roles, and three a chain of three.
func two(o *awsfed.Options) { o.Chain = []awsfed.NextRole{{RoleARN: lastRole}} }

func three(o *awsfed.Options) {
	o.Chain = []awsfed.NextRole{{RoleARN: middleRole}, {RoleARN: lastRole}}
}

func newChain(t *testing.T, s *chainService, optFns ...func(*awsfed.Options)) (*awsfed.Provider, *mintery) {
	t.Helper()
	src := &mintery{tb: t}
	p, err := awsfed.New(s, roleARN, src, optFns...)
	if err != nil {
		t.Fatal(err)
	}
	return p, src
}

// All options of a role are in its request, which the credentials of the role before it sign.
func TestChainRequests(t *testing.T) {
	t.Parallel()
	s := newChainService()
	policy := `{"Version":"2012-10-17","Statement":[]}`
	p, _ := newChain(t, s, func(o *awsfed.Options) {
		o.Duration = 2 * time.Hour
		o.Chain = []awsfed.NextRole{
			{
				RoleARN: middleRole, SessionName: "hop", ExternalID: "a/b:c", Duration: 30 * time.Minute, Policy: policy,
				PolicyARNs: []string{"arn:aws:iam::aws:policy/ReadOnlyAccess"}, Tags: map[string]string{"team": "web", "env": ""},
				TransitiveTagKeys: []string{"team"}, SourceIdentity: "alice",
			},
			{RoleARN: lastRole},
		}
		o.ExpectedAccount = lastAccount
	})
	c, err := p.Credentials(t.Context())
	if err != nil || c.AccessKeyID != "AKID1-middle1-last1" || c.AccountID != lastAccount || c.Source != "AssumeRoleProvider" {
		t.Errorf("Credentials = %+v, %v", c, err)
	}
	if got, want := p.RoleARN(), lastRole; got != want {
		t.Errorf("RoleARN() = %q, want %q", got, want)
	}
	want := []*sts.AssumeRoleInput{
		{
			RoleArn: aws.String(middleRole), RoleSessionName: aws.String("hop"), ExternalId: aws.String("a/b:c"), DurationSeconds: aws.Int32(1800), Policy: &policy,
			PolicyArns: []types.PolicyDescriptorType{{Arn: aws.String("arn:aws:iam::aws:policy/ReadOnlyAccess")}}, SourceIdentity: aws.String("alice"),
			Tags:              []types.Tag{{Key: aws.String("env"), Value: aws.String("")}, {Key: aws.String("team"), Value: aws.String("web")}},
			TransitiveTagKeys: []string{"team"},
		},
		{RoleArn: aws.String(lastRole), RoleSessionName: aws.String("env-" + envID)},
	}
	if diff := cmp.Diff(want, s.next, cmp.AllowUnexported(sts.AssumeRoleInput{}, types.Tag{}, types.PolicyDescriptorType{})); diff != "" {
		t.Errorf("requests (-want +got):\n%s", diff)
	}
	if want := []string{"AKID1", "AKID1-middle1"}; !slices.Equal(s.keys, want) {
		t.Errorf("signed with %q, want %q", s.keys, want)
	}
	if got := aws.ToInt32(s.inputs[0].DurationSeconds); got != 7200 || s.inputs[0].Policy != nil {
		t.Errorf("the first request has DurationSeconds %d and the policy %v, want those of the first role", got, s.inputs[0].Policy)
	}
}

// ExpectedAccount is the account of the last role. An answer for that role that names no role, or one
// of another account, is an error.
func TestChainExpectedAccount(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		change func(*sts.AssumeRoleOutput)
		got    string
	}{
		"no role": {func(o *sts.AssumeRoleOutput) { o.AssumedRoleUser = nil }, ""},
		"another account": {func(o *sts.AssumeRoleOutput) {
			o.AssumedRoleUser.Arn = aws.String("arn:aws:sts::999999999999:assumed-role/last/x")
		}, "999999999999"},
	} {
		s := newChainService()
		s.change = tt.change
		p, _ := newChain(t, s, two, func(o *awsfed.Options) { o.ExpectedAccount = lastAccount })
		_, err := p.Retrieve(t.Context())
		if ae, ok := errors.AsType[*awsfed.AccountError](err); !ok || ae.Got != tt.got || ae.Want != lastAccount {
			t.Errorf("%s: Retrieve = %v, want an AccountError", name, err)
		}
	}
}

// The refresh of a chain begins before its shortest link ends. Credentials that are valid are used
// until they expire.
func TestChainRefreshesBeforeItsShortestLink(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name          string
		first, middle time.Duration
		due, lastEnds time.Duration
	}{
		{name: "all the same", first: time.Hour, middle: time.Hour, due: 45 * time.Minute, lastEnds: time.Hour},
		{name: "the first one", first: 20 * time.Minute, middle: time.Hour, due: 7*time.Minute + 30*time.Second, lastEnds: time.Hour},
		{name: "the middle one", first: time.Hour, middle: 40 * time.Minute, due: 25 * time.Minute, lastEnds: time.Hour},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := newChainService()
				s.life, s.lives[middleRole] = tt.first, tt.middle
				p, _ := newChain(t, s, three, exact)
				begin := time.Now()
				wantKey(t, p, "AKID1-middle1-last1", 0)
				st := p.Status()
				if got := st.RefreshAt.Sub(begin); got != tt.due {
					t.Errorf("RefreshAt after %v, want %v", got, tt.due)
				}
				if got := st.Expires.Sub(begin); got != tt.lastEnds {
					t.Errorf("Expires after %v, want %v", got, tt.lastEnds)
				}
				time.Sleep(tt.due - time.Second)
				wantKey(t, p, "AKID1-middle1-last1", 0)
				synctest.Wait()
				if s.count() != 3 {
					t.Errorf("%d requests before the refresh is due, want 3", s.count())
				}
				time.Sleep(2 * time.Second)
				wantKey(t, p, "AKID1-middle1-last1", 0)
				synctest.Wait()
				if c, err := p.Retrieve(t.Context()); err != nil || !strings.HasSuffix(c.AccessKeyID, "-middle2-last2") {
					t.Errorf("Retrieve after the refresh = %q, %v", c.AccessKeyID, err)
				}
			})
		})
	}
}

// During an outage of the next role, callers keep credentials until these expire, also after the end
// of the shortest link. Afterwards new ones arrive within seconds.
func TestChainOutage(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newChainService()
		s.life = 20 * time.Minute
		p, _ := newChain(t, s, two)
		begin := time.Now()
		first := wantKey(t, p, "AKID1-last1", 0)
		down := errors.New("connection refused")
		s.set(func(*service) { s.refuse = func(string, string) error { return down } })
		for time.Since(begin) < 59*time.Minute {
			time.Sleep(10 * time.Second)
			wantKey(t, p, first.AccessKeyID, 0)
		}
		if st := p.Status(); st.FailingSince.Sub(begin) > 16*time.Minute || st.Failures < 5 {
			t.Errorf("Status = %+v, want failures from the end of the shortest link on", st)
		}
		time.Sleep(2 * time.Minute)
		_, err := p.Retrieve(t.Context())
		e, ok := errors.AsType[*awsfed.AssumeRoleError](err)
		if !ok || e.Step != 2 || e.Steps != 2 || e.RoleARN != lastRole || !e.Retryable() {
			t.Errorf("Retrieve after the expiration = %v", err)
		}
		s.set(func(*service) { s.refuse = nil })
		repaired := time.Now()
		for {
			if c, err := p.Retrieve(t.Context()); err == nil {
				if c.AccessKeyID == first.AccessKeyID {
					t.Error("Retrieve returned the expired key")
				}
				break
			}
			time.Sleep(100 * time.Millisecond)
		}
		if took := time.Since(repaired); took > 16*time.Second {
			t.Errorf("new credentials %v after the repair, want at most 16s", took)
		}
	})
}

// OnRefresh is called once for each refresh of a chain, with the state of the last role. The log has
// lines about the first role too, because its refreshes are in CloudTrail.
func TestChainEvents(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newChainService()
		var evs events
		var log bytes.Buffer
		p, src := newChain(t, s, three, exact, evs.option, func(o *awsfed.Options) {
			o.Logger = slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
		})
		wantKey(t, p, "AKID1-middle1-last1", 0)
		synctest.Wait()
		src.failWith(errors.New("the identity provider is down"))
		time.Sleep(46 * time.Minute)
		wantKey(t, p, "AKID1-middle1-last1", 0)
		synctest.Wait()
		c, err := p.CredentialsFor(t.Context(), 2*time.Hour)
		if err != nil || c.AccessKeyID != "AKID1-middle2-last2" || time.Until(c.Expires) != time.Hour {
			t.Errorf("CredentialsFor = %q for %v, %v, want the new ones", c.AccessKeyID, time.Until(c.Expires), err)
		}
		time.Sleep(31 * time.Minute)
		// The credentials of the first role have expired, so there are no new ones.
		if c, err := p.CredentialsFor(t.Context(), 2*time.Hour); err != nil || c.AccessKeyID != "AKID1-middle2-last2" {
			t.Errorf("CredentialsFor = %q, %v, want the old ones", c.AccessKeyID, err)
		}
		synctest.Wait()
		list := evs.list()
		if len(list) < 3 {
			t.Fatalf("%d events, want at least 3", len(list))
		}
		for i, want := range []struct {
			key  string
			step int
		}{{"AKID1-middle1-last1", 0}, {"AKID1-middle2-last2", 0}, {"AKID1-middle2-last2", 1}} {
			ev := list[i]
			step := 0
			if e, ok := errors.AsType[*awsfed.AssumeRoleError](ev.Err); ok {
				step = e.Step
			}
			if ev.RoleARN != lastRole || ev.FirstRoleARN != roleARN || ev.AccountID != lastAccount || ev.AccessKeyID != want.key || step != want.step {
				t.Errorf("event %d = %+v, want the key %q and step %d", i, ev, want.key, want.step)
			}
		}
		for _, want := range []string{
			`"awsfed: new credentials" role=` + lastRole + " assumed_role=arn:aws:sts::" + lastAccount + ":assumed-role/last/env-" + envID,
			`"awsfed: new credentials" role=` + roleARN,
			`level=WARN msg="awsfed: refresh failed" role=` + roleARN,
			`level=WARN msg="awsfed: refresh failed" role=` + lastRole,
		} {
			if !strings.Contains(log.String(), want) {
				t.Errorf("no line %q in the log:\n%s", want, log.String())
			}
		}
	})
}
