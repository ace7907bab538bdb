"""The store in memory against the contract of all stores: those tests that need only the engine's verbs."""

import pytest

from router.ports import Store
from router.storage.memory import MemoryStore
from tests.contract import test_store as contract
from tests.storage.making import alert, group


@pytest.fixture
def store() -> Store:
    """A new one."""
    return MemoryStore()


test_more_messages_than_one_statement_may_name_are_looked_up = (
    contract.test_more_messages_than_one_statement_may_name_are_looked_up
)
test_verbs_see_what_was_written_before_in_their_transaction = (
    contract.test_verbs_see_what_was_written_before_in_their_transaction
)
test_due_groups_come_the_longest_due_first = contract.test_due_groups_come_the_longest_due_first
test_alerts_and_groups_are_replaced_by_their_id = contract.test_alerts_and_groups_are_replaced_by_their_id
test_open_alerts_are_found_by_the_places_of_their_keys = (
    contract.test_open_alerts_are_found_by_the_places_of_their_keys
)
test_open_groups_are_found_by_the_places_of_their_keys = (
    contract.test_open_groups_are_found_by_the_places_of_their_keys
)
test_alerts_are_due_by_time_and_wait_for_their_source = (
    contract.test_alerts_are_due_by_time_and_wait_for_their_source
)
test_ends_and_jobs_are_remembered = contract.test_ends_and_jobs_are_remembered
test_a_storm_and_what_it_counts_are_found = contract.test_a_storm_and_what_it_counts_are_found
test_members_are_read_in_pieces_and_copied_to_another_group = (
    contract.test_members_are_read_in_pieces_and_copied_to_another_group
)
test_what_fires_in_a_group_and_in_a_storm_of_groups_is_found = (
    contract.test_what_fires_in_a_group_and_in_a_storm_of_groups_is_found
)
test_events_are_read_by_id = contract.test_events_are_read_by_id
test_notifications_are_kept = contract.test_notifications_are_kept
test_due_deliveries_are_claimed_under_a_token = contract.test_due_deliveries_are_claimed_under_a_token
test_a_target_gets_what_it_has_room_for_the_longest_due_first = (
    contract.test_a_target_gets_what_it_has_room_for_the_longest_due_first
)
test_within_a_group_and_target_nothing_overtakes = contract.test_within_a_group_and_target_nothing_overtakes
test_of_two_at_the_same_time_the_lower_id_goes_first = (
    contract.test_of_two_at_the_same_time_the_lower_id_goes_first
)
test_an_outcome_is_written_under_its_own_token_only = (
    contract.test_an_outcome_is_written_under_its_own_token_only
)
test_deliveries_are_dropped_unless_they_are_being_sent = (
    contract.test_deliveries_are_dropped_unless_they_are_being_sent
)
test_what_waits_behind_a_failing_one_takes_its_place = (
    contract.test_what_waits_behind_a_failing_one_takes_its_place
)


def test_two_that_are_open_cannot_have_one_place(store: Store) -> None:
    """As in the other stores; whoever ends makes room."""
    store.write(lambda unit: unit.put_alerts([alert("a1", "e", slot="s")]))
    store.write(lambda unit: unit.put_groups([group("g1", slot="s")]))
    for again in (
        lambda: store.write(lambda unit: unit.put_alerts([alert("a2", "e", slot="s")])),
        lambda: store.write(lambda unit: unit.put_groups([group("g2", slot="s")])),
    ):
        with pytest.raises(ValueError, match="would take the place"):
            again()
