//! Shares given and received, page by page.

use super::*;

fn request(direction: Direction, page_size: u32, page_token: &str) -> ListSharesRequest {
    ListSharesRequest {
        direction: direction.into(),
        page_size,
        page_token: page_token.into(),
        device_id: String::new(),
    }
}

#[tokio::test]
async fn pages_join_to_the_whole_list_with_the_newest_first() {
    let cloud = Cloud::start();
    let (ann, bob) = (cloud.person("ann"), cloud.person("bob"));
    let mut newest_first = Vec::new();
    for n in 0..7 {
        cloud.registry.own(device(n), "ann", "Home");
        cloud.clock.advance_ms(1);
        let offer = ann
            .offer(device(n), "bob@example.org", live())
            .await
            .unwrap();
        // Offers and accepted shares are one list.
        if n % 2 == 0 {
            bob.accept(&offer.id).await.unwrap();
        }
        newest_first.insert(0, offer.id);
    }
    for (person, direction) in [(ann, Direction::Given), (bob, Direction::Received)] {
        let (mut ids, mut token, mut pages) = (Vec::new(), String::new(), 0);
        loop {
            let page = person.page(request(direction, 3, &token)).await.unwrap();
            ids.extend(page.shares.into_iter().map(|share| share.id));
            pages += 1;
            token = page.next_page_token;
            if token.is_empty() {
                break;
            }
        }
        assert_eq!((ids, pages), (newest_first.clone(), 3));
    }
}

#[tokio::test]
async fn the_shares_of_one_device_can_be_listed_by_its_owner_alone() {
    let cloud = Cloud::start();
    let (ann, bob, share) = cloud.shared().await;
    cloud.registry.own(device(2), "ann", "Shop");
    ann.offer(device(2), "bob@example.org", live())
        .await
        .unwrap();
    let of_one = ListSharesRequest {
        device_id: device(1).to_string(),
        ..request(Direction::Given, 0, "")
    };
    let shares = ann.page(of_one.clone()).await.unwrap().shares;
    let ids: Vec<_> = shares.into_iter().map(|share| share.id).collect();
    assert_eq!(ids, [share.id]);
    assert_eq!(bob.page(of_one).await.unwrap().shares, []);
}

#[tokio::test]
async fn a_page_token_reaches_nothing_in_a_list_of_somebody_else() {
    let cloud = Cloud::start();
    let (ann, ..) = cloud.shared().await;
    let other = ann.offer(device(1), "dan@example.org", live()).await;
    assert!(other.is_ok());
    let page = ann.page(request(Direction::Given, 1, "")).await.unwrap();
    let eve = cloud.person("eve");
    let stolen = eve.page(request(Direction::Given, 1, &page.next_page_token));
    assert_eq!(stolen.await.unwrap().shares, []);
    for token in ["x", "/../", &"9".repeat(100)] {
        let refused = eve.page(request(Direction::Given, 1, token)).await;
        assert_eq!(why(refused), "INVALID_PAGE_TOKEN");
    }
    let refused = eve.page(request(Direction::Unspecified, 1, "")).await;
    assert_eq!(why(refused), "INVALID_DIRECTION");
}

#[tokio::test]
async fn lists_show_the_name_that_the_owner_has_given_the_device_by_now() {
    let cloud = Cloud::start();
    let (ann, bob, _) = cloud.shared().await;
    cloud.registry.rename(device(1), "Villa");
    assert_eq!(ann.given().await[0].device_name, "Villa");
    assert_eq!(bob.received().await[0].device_name, "Villa");
}
