package awsfed_test

import (
	"testing"
	"testing/synctest"
	"time"
)

func TestCredentialsFor(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newService()
		s.latency = 50 * time.Millisecond
		p := newProvider(t, s, exact)
		for _, step := range []struct {
			sleep, life time.Duration
			key         string
		}{
			{0, 5 * time.Minute, "AKID1"},
			{20 * time.Minute, 15 * time.Minute, "AKID1"},
			{36 * time.Minute, 5 * time.Minute, "AKID2"}, // Credentials would return the old ones
		} {
			time.Sleep(step.sleep)
			c, err := p.CredentialsFor(t.Context(), step.life)
			if err != nil || c.AccessKeyID != step.key || time.Until(c.Expires) < step.life {
				t.Errorf("CredentialsFor(%v) = %s for %v, %v, want %s", step.life, c.AccessKeyID, time.Until(c.Expires), err, step.key)
			}
		}
	})
}
