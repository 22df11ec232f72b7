-- Why a person's customers are one person, and what was refused or taken back; the latest first.
SELECT merge.id, merge.absorbed, merge.survivor, merge.kind, merge.value, merge.source, merge.merged_at, merge.refused,
    merge.undone_at
FROM merge
WHERE EXISTS (
    SELECT FROM customer
    WHERE customer.id IN (merge.absorbed, merge.survivor)
        AND coalesce(customer.merged_into, customer.id) = %(customer)s
)
ORDER BY merge.merged_at DESC, merge.id DESC
