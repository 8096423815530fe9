package issuer

import "time"

// SetClockBack is, to s, as if the machine's clock were set back by d: all that it remembers is later by so much. The clock of a
// test's bubble itself only goes forward.
func (s *RemoteKeySet) SetClockBack(d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, t := range []*time.Time{&s.started, &s.retryAt, &s.urlSince} {
		*t = t.Add(d)
	}
	if old := s.kept.Load(); old != nil {
		k := *old
		for _, t := range []*time.Time{&k.fetched, &k.expires, &k.stale} {
			*t = t.Add(d)
		}
		s.kept.Store(&k)
	}
}
