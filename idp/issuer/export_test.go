package issuer

import "time"

// ParseMetadata parses a discovery document.
func ParseMetadata(data []byte) (*Metadata, error) { return parseMetadata(data) }

// SetClockBack has the same effect on s as a clock that is set back by d: all times that s
// remembers are later by d. The clock of a synctest bubble cannot be set back.
func (s *RemoteKeySet) SetClockBack(d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, t := range []*time.Time{&s.started[0], &s.started[1], &s.started[2], &s.retryAt, &s.urlSince} {
		*t = t.Add(d)
	}
	if old := s.cache.Load(); old != nil {
		c := *old
		for _, t := range []*time.Time{&c.fetched, &c.expires, &c.stale} {
			*t = t.Add(d)
		}
		s.cache.Store(&c)
	}
}
