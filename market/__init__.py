"""What the exchanges say, on the tape: bars, funding and open interest with honest flags, of one provider at a time."""
