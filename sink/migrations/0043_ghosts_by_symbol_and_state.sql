-- Ghosts are listed page by page, newest first, of a symbol or a state: each page is read from an index, however many there
-- are. How many there are in each state is told by the second one alone.
CREATE INDEX ghost_orders_by_symbol ON ghost_orders (symbol, number);
CREATE INDEX ghost_orders_by_status ON ghost_orders (status, number);
